/** What a process says and costs. */

/** The lines of a stream, as they come. */
export class Lines {
  readonly lines: string[] = [];
  #isEnded = false;
  #notify: () => void = () => undefined;

  constructor(stream: ReadableStream<Uint8Array>) {
    void this.#read(stream);
  }

  /** The first line from a place on for which the condition holds, there already or still to come. */
  async find(isMeant: (line: string) => boolean, what: string, from = 0, limitMs = 60_000): Promise<string> {
    const until = performance.now() + limitMs;
    for (let at = from;; at++) {
      while (at >= this.lines.length) {
        if (this.#isEnded || performance.now() > until) {
          throw new Error(`waited in vain for ${what}; it said: ${this.lines.slice(-5).join("\n")}`);
        }
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#notify = resolve;
        const timer = setTimeout(resolve, 1_000);
        await promise;
        clearTimeout(timer);
      }
      const line = this.lines[at] ?? "";
      if (isMeant(line)) return line;
    }
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      this.lines.push(...parts);
      this.#notify();
    }
    this.#isEnded = true;
    this.#notify();
  }
}

/** User and system time of processes so far, in milliseconds (proc(5), stat, fields 14 and 15, hundredths of a second). */
export async function cpuMsOf(...pids: readonly number[]): Promise<number> {
  let ticks = 0;
  for (const pid of pids) {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  }
  return ticks * 10;
}

/** What processes hold, each page shared among those that have it, in MiB (proc(5), smaps_rollup). */
export async function pssMib(...pids: readonly number[]): Promise<number> {
  let kib = 0;
  for (const pid of pids) {
    const rollup = await Deno.readTextFile(`/proc/${pid}/smaps_rollup`).catch(() => "");
    kib += Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
  }
  return Math.round(kib / 1_024);
}
