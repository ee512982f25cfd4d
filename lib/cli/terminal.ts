import { visibleJson } from "../core/values/notice.ts";
import { readHiddenLine } from "./hidden_line.ts";
import { openScreen, type Screen } from "./screen.ts";
import { WholeLines } from "./whole_lines.ts";

/** Everything that a command reads and writes, beside its arguments. */
export type Terminal = {
  readonly env: (name: string) => string | undefined;
  /** Standard output: what the command answers, and nothing else. */
  readonly out: (text: string) => Promise<void>;
  /** Standard error: everything else, a line at a time. */
  readonly err: (line: string) => void;
  readonly isErrTerminal: boolean;
  /** Somebody reads standard output, and no program. */
  readonly isOutTerminal: boolean;
  readonly stdin: () => Promise<string>;
  /** The whole screen, and keys as they are pressed; absent where standard output is no terminal that can do it. */
  readonly screen?: (() => Screen) | undefined;
  /** A line that is typed and not shown; `undefined` where standard input is no terminal. */
  readonly secret?: ((prompt: string) => Promise<string>) | undefined;
};

/** What `--json` prints: one document, in which no foreign text moves the cursor of a terminal. */
export const jsonDocument = (value: unknown): string =>
  visibleJson(`${JSON.stringify(value, undefined, 2)}\n`);

const encoder = new TextEncoder();
const errors = new WholeLines((bytes) => Deno.stderr.writeSync(bytes));

/** The real terminal. */
export const systemTerminal: Terminal = {
  env: (name) => Deno.env.get(name),
  out: async (text) => {
    const bytes = encoder.encode(text);
    for (let sent = 0; sent < bytes.length;) sent += await Deno.stdout.write(bytes.subarray(sent));
  },
  err: (line) => errors.add(line),
  isErrTerminal: Deno.stderr.isTerminal(),
  isOutTerminal: Deno.stdout.isTerminal(),
  screen: Deno.stdout.isTerminal() && Deno.env.get("TERM") !== "dumb" ? openScreen : undefined,
  stdin: () => new Response(Deno.stdin.readable).text(),
  secret: Deno.stdin.isTerminal() ? readHiddenLine : undefined,
};
