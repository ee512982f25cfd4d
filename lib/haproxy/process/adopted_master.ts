import type { Clock } from "../../ports.ts";
import { STOP_STEPS } from "./process.ts";
import { askMaster, askWorker } from "../socket/worker.ts";

/** How often an HAProxy that was taken over is asked whether it lives, in milliseconds. */
const WATCH_INTERVAL_MS = 250;
/** The same once it has not answered, and how long a reload may keep master and worker from answering. */
const WATCH_CLOSELY_MS = 50;
const RELOAD_SILENCE_MS = 500;
/** How long one whose process is there may be silent before it is ended, in milliseconds: nobody can speak to it any more. */
const CUT_OFF_MS = 1_000;

/** A master that an earlier signalbox started: not our child, so that it is known by its sockets only. */
export class AdoptedMaster {
  constructor(
    readonly pid: number,
    readonly masterSocket: string,
    readonly socket: string,
    readonly clock: Clock,
  ) {}

  /** Resolves with true once it has ended, with false when the signal aborts. `isLoading` makes it more patient. */
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
      // It would hold the ports of the one that is started in its place.
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
          // Said again until it is heard: a master that executes itself anew misses signals, and is deaf meanwhile.
          send(this.pid, signal);
          silentSince = undefined;
        } else if (await askWorker(this.socket, this.clock) === undefined) {
          // The pid of one that has ended may be nobody's child that looks after it, or another's by now.
          silentSince ??= this.clock.now();
          if (this.clock.now() - silentSince > RELOAD_SILENCE_MS) return;
        }
        await this.clock.sleep(50);
      }
    }
  }
}

/** Sends a signal, or asks with 0 whether there is anybody; false where there is not. */
function send(pid: number, signal: Deno.Signal | 0): boolean {
  try {
    Deno.kill(pid, signal as Deno.Signal);
    return true;
  } catch {
    return false;
  }
}
