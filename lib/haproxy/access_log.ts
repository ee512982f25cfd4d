import { ACCESS_RING } from "../core/process_config.ts";
import type { Clock, Reporter } from "../ports.ts";

/** How long the stream of an old worker is left open for its last lines, in milliseconds. */
const LAST_LINES_MS = 1_000;
/**
 * How long is waited between two reads, in milliseconds. HAProxy hands over each line at once, and a thousand a second
 * would be as many turns of the loop that has to hear Docker; a busy second's lines wait in the socket meanwhile.
 */
const PAUSE_MS = 20;
const READ_BYTES = 32_768;

/** Follows the access log of whichever worker serves. */
export class AccessLog {
  readonly #streams = new Set<AbortController>();

  constructor(
    readonly socket: string,
    /** HAProxy keeps its log in the ring; false where a syslog server gets it. */
    readonly isKept: boolean,
    readonly clock: Clock,
    readonly report: Reporter,
  ) {}

  /** Follows the worker that serves now; `isNew`: from its first line, else only what comes from now on. */
  follow(isNew: boolean): void {
    if (!this.isKept) return;
    // The old worker's stream ends soon after: open, it would keep the old worker from ending.
    for (const stream of this.#streams) void this.clock.sleep(LAST_LINES_MS).then(() => stream.abort());
    const stream = new AbortController();
    this.#streams.add(stream);
    void readAccessLog(this.socket, isNew, (lines) => this.#tell(lines), this.clock, stream.signal)
      .catch(() => undefined)
      .finally(() => this.#streams.delete(stream));
  }

  stop(): void {
    for (const stream of this.#streams) stream.abort();
  }

  /** The ring holds HAProxy's own messages too, which its master prints as well; only requests begin with a client. */
  #tell(lines: readonly string[]): void {
    this.report.requests(lines.filter((line) => /^[0-9a-fA-F.:]+:[0-9]+ \[/.test(line)));
  }
}

/**
 * Reads the access log out of a worker's ring, line by line, until the worker ends or the signal aborts
 * (management guide, `show events`). `isNew` worker: from its first line; else only what comes from now on.
 */
async function readAccessLog(
  socket: string,
  isNew: boolean,
  onLines: (lines: readonly string[]) => void,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const connection = await Deno.connect({ transport: "unix", path: socket });
  const stop = () => {
    try {
      connection.close();
    } catch {
      // HAProxy closed it first.
    }
  };
  signal.addEventListener("abort", stop, { once: true });
  // It may have been told to stop while it connected; an open stream would keep the worker from ending.
  if (signal.aborted) stop();
  try {
    await connection.write(new TextEncoder().encode(`show events ${ACCESS_RING} -w${isNew ? "" : "n"}\n`));
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(READ_BYTES);
    let rest = "";
    for (let size = await connection.read(buffer); size !== null; size = await connection.read(buffer)) {
      // Not at once: HAProxy logs what it was told ahead of its answer.
      await clock.sleep(PAUSE_MS, signal);
      const lines = (rest + decoder.decode(buffer.subarray(0, size), { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      onLines(lines);
    }
  } catch {
    // The worker ended, or we stop listening; either way there is no more to read.
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}
