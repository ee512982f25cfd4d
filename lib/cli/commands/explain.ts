import { explanationOf, type Question } from "../explanation.ts";
import { askToExplain } from "../explain_live.ts";
import { wrongUsage } from "../failure.ts";
import { presentOf } from "../present.ts";
import type { Terminal } from "../terminal.ts";
import { isUrl, type RequestFlags } from "./explain_url.ts";

/** Says what each container, or the host or container named, serves, or why it serves nothing. */
export async function explain(
  subject: string | undefined,
  options: { readonly json?: boolean } & RequestFlags & Record<string, unknown>,
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
