import type { Clock } from "../../ports.ts";
import { ask } from "../socket/cli_socket.ts";
import type { HaproxyOutput } from "./output.ts";
import { askMaster, askWorker, type WorkerInfo } from "../socket/worker.ts";

/** How long a worker may take to load a config; 10,000 backends take half a second on an idle machine. */
export const LOAD_LIMIT_MS = 15_000;
/** How often signalbox looks for a starting worker, in milliseconds; one question takes 0.2. */
const PROOF_INTERVAL_MS = 2;
/** When signalbox repeats a reload of which the master has printed nothing, in milliseconds. */
const DEAF_MS = 150;
/** When signalbox repeats a reload that has begun and brought no worker. */
const STUCK_MS = 1_000;

/** The master's reply to `reload`: `busy` while it starts, or while an earlier reload is under way. */
export type ReloadAnswer = "taken" | "busy" | "refused";

/** Tells the master to load the current files. Up to 2.6 the answer does not say how it went; later versions answer at its end. */
export async function askReload(masterSocket: string, clock: Clock): Promise<ReloadAnswer> {
  const answer = await ask(masterSocket, "reload", clock).catch(() => "");
  if (!/^Success=0/m.test(answer)) return "taken";
  return /reload is still in progress/i.test(answer) ? "busy" : "refused";
}

/** What the proof of a load works with. */
export type Proving = {
  readonly socket: string;
  readonly masterSocket: string;
  readonly clock: Clock;
  readonly output: HaproxyOutput;
  /** What the master answered to the reload, which may have to be repeated; `undefined` where HAProxy was started. */
  readonly reload: ReloadAnswer | undefined;
  /** The worker that served before the load, whose answer proves nothing. */
  readonly before: WorkerInfo | undefined;
  /** The process runs. */
  readonly isAlive: () => boolean;
};

/** Waits until another worker answers, which has the description; `undefined` when it ended, failed or took too long. */
export async function proveLoaded(
  description: string,
  proving: Proving,
  signal: AbortSignal,
): Promise<WorkerInfo | undefined> {
  const { clock, output, socket, masterSocket } = proving;
  let { reload } = proving;
  const until = clock.now() + LOAD_LIMIT_MS;
  let silenceMs = DEAF_MS;
  let isRepeated = false;
  let remindAt = clock.now() + silenceMs;
  while (clock.now() < until && !signal.aborted) {
    if (reload !== undefined && clock.now() > remindAt) {
      // Up to 2.6 the master drops commands while it executes itself anew after the reload before.
      silenceMs *= 2;
      remindAt += silenceMs;
      const isDeaf = reload === "busy" || !output.hasBegun || silenceMs > STUCK_MS;
      if (isDeaf) {
        isRepeated = true;
        reload = await askReload(masterSocket, clock);
      }
      if (reload === "refused") return undefined;
    }
    const worker = await askWorker(socket, clock);
    const isProven = worker?.description === description && worker.pid !== proving.before?.pid;
    // A master that was slow, and not deaf, loads twice: the worker of the first time is about to leave.
    const isLast = async () => (await askMaster(masterSocket, clock))?.workerPid === worker?.pid;
    if (isProven && (!isRepeated || await isLast())) return worker;
    if (!proving.isAlive() || output.hasFailed) return undefined;
    await clock.sleep(PROOF_INTERVAL_MS);
  }
  return undefined;
}
