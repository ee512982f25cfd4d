import { ACCESS_RING } from "../../core/config/process_config.ts";
import type { Clock } from "../../ports.ts";

/**
 * How long is waited between two reads, in milliseconds. HAProxy hands over each line at once, and a thousand a second
 * would be as many turns of the loop that has to hear Docker; a busy second's lines wait in the socket meanwhile.
 */
const PAUSE_MS = 20;
const READ_BYTES = 32_768;

/** Where a worker's ring is read, and by whom it is heard. */
export type RingStream = {
  /** The worker's own socket, or its master's. */
  readonly socket: string;
  /** The worker, where the master is asked for it. */
  readonly pid: number | undefined;
  /** Hears who answers at a worker's own socket; false where somebody else is meant. */
  readonly isMeant: (pid: number) => boolean;
  /** Hears lines, the ring's oldest first. */
  readonly onLines: (lines: readonly string[]) => void;
  /** Whether what comes is read without a pause, since it was there before. */
  readonly isHasty: () => boolean;
  readonly clock: Clock;
};

/**
 * Reads a worker's ring from its oldest line until HAProxy ends the stream or the signal aborts (management guide,
 * `show events`): the worker has ended, or was quiet for the timeout of its socket. Never throws.
 */
export async function readRing(ring: RingStream, signal: AbortSignal): Promise<void> {
  const connection = await Deno.connect({ transport: "unix", path: ring.socket }).catch(() => undefined);
  if (connection === undefined) return;
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
    const events = `show events ${ACCESS_RING} -w`;
    const question = ring.pid === undefined ? `show info;${events}\n` : `@!${ring.pid} ${events}\n`;
    await connection.write(new TextEncoder().encode(question));
    let isKnown = ring.pid !== undefined;
    for await (const lines of linesOf(connection)) {
      let fresh = lines;
      if (!isKnown) {
        // What it says of itself ends with an empty line.
        const end = lines.indexOf("");
        const pid = lines.map((line) => /^Pid: ([0-9]+)/.exec(line)?.[1]).find((found) =>
          found !== undefined
        );
        if (pid !== undefined && !ring.isMeant(Number(pid))) return;
        if (end < 0) continue;
        isKnown = true;
        fresh = lines.slice(end + 1);
      }
      // Not at once: HAProxy logs what it was told ahead of its answer.
      if (!ring.isHasty()) await ring.clock.sleep(PAUSE_MS, signal);
      // What was not told yet is read by whoever reads on from here.
      if (signal.aborted) return;
      ring.onLines(fresh.filter((line) => line !== ""));
    }
  } catch {
    // The worker ended, or we stop listening; either way there is no more to read.
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

async function* linesOf(connection: Deno.UnixConn): AsyncGenerator<string[]> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(READ_BYTES);
  let rest = "";
  for (let size = await connection.read(buffer); size !== null; size = await connection.read(buffer)) {
    const lines = (rest + decoder.decode(buffer.subarray(0, size), { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield lines;
  }
}
