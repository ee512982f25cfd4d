import { ACCESS_RING } from "../../core/config/process_config.ts";
import type { Clock } from "../../ports.ts";

/**
 * The pause between two reads, in milliseconds. HAProxy sends each line at once. Without a pause a thousand lines a second
 * would be as many turns of the event loop, which also serves Docker; the socket holds the lines of a busy second.
 */
const PAUSE_MS = 20;
const READ_BYTES = 32_768;

/** Where a worker's ring is read, and who hears the lines. */
export type RingStream = {
  readonly socket: string;
  /** Hears which worker answers; answers false where it is not the expected worker. */
  readonly isMeant: (pid: number) => boolean;
  /** Hears lines, the ring's oldest first. */
  readonly onLines: (lines: readonly string[]) => void;
  /** Whether to read without pauses, since the lines were there before. */
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
  // The signal may have come during the connect; an open stream would keep the worker from ending.
  if (signal.aborted) stop();
  try {
    await connection.write(new TextEncoder().encode(`show info;show events ${ACCESS_RING} -w\n`));
    let isKnown = false;
    for await (const lines of linesOf(connection)) {
      let fresh = lines;
      if (!isKnown) {
        // The answer to `show info` ends with an empty line.
        const end = lines.indexOf("");
        const pid = lines.map((line) => /^Pid: ([0-9]+)/.exec(line)?.[1]).find((found) =>
          found !== undefined
        );
        if (pid !== undefined && !ring.isMeant(Number(pid))) return;
        if (end < 0) continue;
        isKnown = true;
        fresh = lines.slice(end + 1);
      }
      // Not at once: HAProxy logs a command before it answers.
      if (!ring.isHasty()) await ring.clock.sleep(PAUSE_MS, signal);
      // The next reader reads on from the last line that was reported.
      if (signal.aborted) return;
      ring.onLines(fresh.filter((line) => line !== ""));
    }
  } catch {
    // The worker ended, or the signal aborted.
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
