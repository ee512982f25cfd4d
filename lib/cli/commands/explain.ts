import { type ComposeOptions, plannedBy, withoutEngine } from "../compose_input.ts";
import { explanationOf, type Question } from "../explanation.ts";
import { askToExplain } from "../explain_live.ts";
import { wrongUsage } from "../failure.ts";
import { presentOf } from "../present.ts";
import { prepareRouting } from "../routing.ts";
import { settingsOf } from "../settings.ts";
import type { Terminal } from "../terminal.ts";
import { isUrl, type RequestFlags } from "./explain_url.ts";

/** The flags of `explain` that are no settings. */
export type ExplainOptions =
  & { readonly json?: boolean; readonly compose?: readonly string[] }
  & RequestFlags
  & ComposeOptions;

/** Says what each container, or the host or container named, serves, or why it serves nothing. Throws Failure. */
export async function explain(
  subject: string | undefined,
  options: ExplainOptions & Record<string, unknown>,
  terminal: Terminal,
): Promise<number> {
  const { json = false, method, header, from } = options;
  if (!isUrl(subject) && (method ?? header ?? from) !== undefined) {
    throw wrongUsage(
      "--method, --header and --from are about a request: expected a URL such as https://www.example.com/app",
    );
  }
  const question: Question = {
    json,
    ...subject !== undefined && { subject },
    ...method !== undefined && { method },
    ...header !== undefined && { header },
    ...from !== undefined && { from },
  };
  if (options.compose !== undefined) {
    await terminal.out(await ofCompose(options.compose, question, options, terminal));
    return 0;
  }
  const told = await askToExplain(question, options, terminal);
  if (told !== undefined) {
    await terminal.out(told);
    return 0;
  }
  const { settings, routing, found, build } = await presentOf(options, terminal);
  const stopped = settings.snapshot === undefined ? { stopped: () => build("stopped too") } : {};
  const text = await explanationOf(question, { routing, built: await build(), found, ...stopped });
  await terminal.out(text ?? "");
  return 0;
}

/** What variables hold may be a secret: the text has their names. */
async function ofCompose(
  files: readonly string[],
  question: Question,
  options: ExplainOptions & Record<string, unknown>,
  terminal: Terminal,
): Promise<string> {
  const given = settingsOf(options, terminal);
  const { byName, hide } = await plannedBy(files, options, given, terminal);
  const routing = await prepareRouting(withoutEngine(given), undefined, "elsewhere");
  const built = routing.design.build(byName);
  return hide(await explanationOf(question, { routing, built, found: undefined }) ?? "");
}
