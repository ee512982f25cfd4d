import { viewsOf } from "../../docker/compose/compose_views.ts";
import { CHECK_FORMATS, type CheckFormat } from "../check_formats.ts";
import { checkedOf } from "../checked.ts";
import { type ComposeOptions, readCompose, snapshotOf, withoutEngine } from "../compose_input.ts";
import { prepareRouting } from "../routing.ts";
import { settingsOf } from "../settings.ts";
import type { Terminal } from "../terminal.ts";

/** The flags of `check` that are no settings. */
export type CheckOptions = ComposeOptions & {
  readonly format: CheckFormat;
  readonly strict?: boolean;
};

/** Says what the services of compose files would serve, and what is wrong with them; answers with the exit code. */
export async function check(
  files: readonly string[],
  options: CheckOptions & Record<string, unknown>,
  terminal: Terminal,
): Promise<number> {
  const settings = settingsOf(options, terminal);
  const routing = await prepareRouting(withoutEngine(settings), undefined, "elsewhere");
  const project = await readCompose(files, options, terminal);
  const views = viewsOf(project, "names", settings.labelPrefix);
  const built = routing.design.build(await snapshotOf(views.views, settings));
  const checked = checkedOf(project, views, built);
  await terminal.out(CHECK_FORMATS[options.format](checked));
  if (project.mistakes.length > 0) return 2;
  return options.strict && checked.findings.some(({ severity }) => severity === "warning") ? 3 : 0;
}
