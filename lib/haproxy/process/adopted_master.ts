import type { Clock } from "../../ports.ts";
import { STOP_STEPS } from "./process.ts";
import { askMaster, askWorker } from "../socket/worker.ts";

/** How often signalbox looks whether an adopted HAProxy still runs, in milliseconds. */
const WATCH_INTERVAL_MS = 250;
/** How often once it has not answered, and how long a reload may keep master and worker from answering. */
const WATCH_CLOSELY_MS = 50;
const RELOAD_SILENCE_MS = 500;
/** How long a running master may be silent before signalbox ends it, in milliseconds: it takes no commands any more. */
const CUT_OFF_MS = 1_000;

/** A master that an earlier signalbox started. It is not our child, so that only its sockets and its pid tell of it. */
export class AdoptedMaster {
  constructor(
    readonly pid: number,
    readonly masterSocket: string,
    readonly socket: string,
    readonly clock: Clock,
  ) {}

  /** Resolves with true once it has ended, with false when the signal aborts. While `isLoading`, silence may last longer. */
  async ended(isLoading: () => boolean, signal: AbortSignal): Promise<boolean> {
    let silentSince: number | undefined;
    while (!signal.aborted) {
      await this.clock.sleep(silentSince === undefined ? WATCH_INTERVAL_MS : WATCH_CLOSELY_MS, signal);
      if (signal.aborted) break;
      if (
        await askMaster(this.masterSocket, this.clock) !== undefined ||
        await askWorker(this.socket, this.clock) !== undefined
      ) {
        silentSince = undefined;
        continue;
      }
      silentSince ??= this.clock.now();
      // Up to 2.6 the master refuses connections while it executes itself anew for a reload.
      const limitMs = isLoading() ? RELOAD_SILENCE_MS : 0;
      const silentMs = this.clock.now() - silentSince;
      if (silentMs >= limitMs && !send(this.pid, 0)) return true;
      if (silentMs < CUT_OFF_MS) continue;
      // A silent master would keep the ports of the next one.
      send(this.pid, "SIGTERM");
      return true;
    }
    return false;
  }

  /** Ends it: gracefully at first, by force when the time is over. */
  async stop(limitMs: number): Promise<void> {
    let silentSince: number | undefined;
    for (const [signal, share] of STOP_STEPS) {
      const until = this.clock.now() + limitMs * share;
      send(this.pid, signal);
      while (this.clock.now() < until) {
        if (!send(this.pid, 0)) return;
        if (await askMaster(this.masterSocket, this.clock) !== undefined) {
          // Repeated, since a master misses signals while it executes itself anew.
          send(this.pid, signal);
          silentSince = undefined;
        } else if (await askWorker(this.socket, this.clock) === undefined) {
          // A pid proves little: an ended process may wait for its parent, or another process may have the pid by now.
          silentSince ??= this.clock.now();
          if (this.clock.now() - silentSince > RELOAD_SILENCE_MS) return;
        }
        await this.clock.sleep(50);
      }
    }
  }
}

/** Sends a signal, or with 0 only looks for the process; false where there is none. */
function send(pid: number, signal: Deno.Signal | 0): boolean {
  try {
    Deno.kill(pid, signal as Deno.Signal);
    return true;
  } catch {
    return false;
  }
}
