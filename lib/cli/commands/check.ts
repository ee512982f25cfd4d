import type { Settings } from "../../core/settings/settings.ts";
import { viewsOf } from "../../docker/compose/compose_views.ts";
import type { ComposeProject } from "../../docker/compose/project.ts";
import { controlPath } from "../../report/control_socket.ts";
import { type Against, compareWith } from "../check_against.ts";
import { CHECK_FORMATS, type CheckFormat } from "../check_formats.ts";
import { checkedOf } from "../checked.ts";
import { type ComposeOptions, readCompose, snapshotOf, withoutEngine } from "../compose_input.ts";
import { prepareRouting, type Routing } from "../routing.ts";
import { findRunning, settingsOfRunning } from "../running.ts";
import { settingsOf } from "../settings.ts";
import type { Terminal } from "../terminal.ts";

/** The flags of `check` that are no settings. */
export type CheckOptions = ComposeOptions & {
  readonly format: CheckFormat;
  readonly strict?: boolean;
  readonly against?: string;
};

/** Says what the services of compose files would serve, and what is wrong with them; answers with the exit code. */
export async function check(
  files: readonly string[],
  options: CheckOptions & Record<string, unknown>,
  terminal: Terminal,
): Promise<number> {
  const isAgainstRunning = options.against === "running";
  const settings = isAgainstRunning ? await settingsBeside(options, terminal) : settingsOf(options, terminal);
  // Only what runs is read over a network.
  const own = isAgainstRunning ? settings : withoutEngine(settings);
  const routing = await prepareRouting(own, undefined, "elsewhere");
  const project = await readCompose(files, options, terminal);
  const views = viewsOf(project, "names", settings.labelPrefix);
  const built = routing.design.build(await snapshotOf(views.views, settings));
  const checked = checkedOf(project, views, { built, prefix: settings.labelPrefix });
  const against = await compared(options.against, project, routing, settings, terminal);
  const whole = against === undefined ? checked : { ...checked, against };
  await terminal.out(CHECK_FORMATS[options.format](whole));
  if (project.mistakes.length > 0) return 2;
  if (options.strict && checked.findings.some(({ severity }) => severity === "warning")) return 3;
  return against === undefined || against.changes.length === 0 && against.plan === "nothing" ? 0 : 4;
}

/** The settings of the signalbox that runs, under those that are given; its containers are those that it reads. Throws Failure. */
async function settingsBeside(options: Record<string, unknown>, terminal: Terminal): Promise<Settings> {
  const found = await findRunning(settingsOf(options, terminal), terminal);
  if (found.kind === "denied") {
    terminal.err(
      `cannot ask the signalbox at ${controlPath(found.stateDir)}, which is user ${found.owner}'s: ` +
        "its settings are not known; check reads Docker with those that are given",
    );
  }
  return settingsOf(options, terminal, await settingsOfRunning(found));
}

async function compared(
  against: string | undefined,
  project: ComposeProject,
  routing: Routing,
  settings: Settings,
  terminal: Terminal,
): Promise<Against | undefined> {
  if (against === undefined || project.mistakes.length > 0) return undefined;
  return await compareWith(against, project, routing, settings, terminal);
}
