/** A terminal that tests hold in their hands: a program on a real pty (util-linux's `script`), its keys, and what is on its screen. */
import { eventually } from "./eventually.ts";

/** What ends the use of the whole screen: the cursor is seen again, and the shell's screen is back. */
export const GIVEN_BACK = "\x1b[?7h\x1b[?25h\x1b[?1049l";

/** A program on a pty; `await using` ends it with the block. */
export class PseudoTerminal implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #keys: WritableStreamDefaultWriter<Uint8Array>;
  readonly #read: Promise<void>;
  /** All that was sent to the terminal. */
  said = "";

  /** Runs a line of sh on a pty with so many columns and rows. */
  constructor(
    shell: string,
    readonly columns: number,
    readonly rows: number,
    env: Record<string, string> = {},
  ) {
    this.#child = new Deno.Command("script", {
      args: [
        "--quiet",
        "--flush",
        "--return",
        "--command",
        `stty cols ${columns} rows ${rows}; tty; ${shell}`,
        "/dev/null",
      ],
      env: { TERM: "xterm-256color", NO_COLOR: "", ...env },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#keys = this.#child.stdin.getWriter();
    this.#read = this.#collect();
  }

  async #collect(): Promise<void> {
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) this.said += text;
  }

  /** Types keys, as a terminal sends them. */
  async type(keys: string): Promise<void> {
    await this.#keys.write(new TextEncoder().encode(keys));
  }

  /** Gives it another size, as a window does. */
  async resize(columns: number, rows: number): Promise<void> {
    const device = /\/dev\/pts\/\d+/.exec(this.said)?.[0] ?? "no device";
    const { success } = await new Deno.Command("stty", {
      args: ["-F", device, "cols", String(columns), "rows", String(rows)],
    }).output();
    if (!success) throw new Error(`cannot resize ${device}`);
  }

  /** Waits until the lines of its screen are as wanted, and answers with them. */
  async shows(what: string, isWanted: (lines: readonly string[]) => boolean): Promise<readonly string[]> {
    return await eventually(() => {
      const lines = screenOf(this.said);
      return isWanted(lines) && lines;
    }, { what: `a screen with ${what}, and not:\n${screenOf(this.said).join("\n")}\n` });
  }

  /** Waits for a text in all that was sent to it. */
  async says(text: RegExp): Promise<void> {
    await eventually(() => text.test(this.said), {
      what: `${text} in what was sent to the terminal:\n${JSON.stringify(this.said.slice(-2_000))}\n`,
    });
  }

  /** The exit code of its program. */
  async ended(): Promise<number> {
    const { code } = await this.#child.status;
    await this.#read;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keys.close().catch(() => {});
    try {
      this.#child.kill("SIGHUP");
    } catch {
      // It has ended.
    }
    await this.ended();
  }
}

/** What is on the screen after a text was sent: lines without their colours. Knows what signalbox sends, and throws for the rest. */
export function screenOf(sent: string): readonly string[] {
  const from = sent.lastIndexOf("\x1b[?1049h");
  if (from < 0) return [];
  let lines: string[] = [];
  let at = 0;
  // deno-lint-ignore no-control-regex
  for (const [all, place, text] of sent.slice(from).matchAll(/\x1b\[([0-9;?]*[A-Za-z])|([^\x1b]+)|\x1b/g)) {
    if (text !== undefined) lines[at] = (lines[at] ?? "") + text;
    else if (place === "2J") lines = [];
    else if (place === "2K") lines[at] = "";
    else if (place?.endsWith("H")) at = Math.max(1, parseInt(place)) - 1 || 0;
    else if (place?.endsWith("m") || place?.startsWith("?")) continue;
    // What is not whole yet comes with the next text.
    else if (all !== "\x1b") throw new Error(`the terminal was sent ${JSON.stringify(all)}`);
  }
  return Array.from(lines, (line) => line ?? "");
}
