import type { Clock } from "../../ports.ts";
import { askMaster, askWorker, type WorkerInfo } from "../socket/worker.ts";

/** What the search for a started worker works with. */
export type Starting = {
  readonly socket: string;
  readonly masterSocket: string;
  readonly clock: Clock;
  readonly limitMs: number;
  /** The start is under way, and nobody else waits for it. */
  readonly isStarting: () => boolean;
};

/** How often signalbox looks, in milliseconds; one question takes 0.2. */
const LOOK_MS = 2;
/** A start that takes long is looked for less often. */
const SHARE = 0.01;

/** Waits for the worker of a start that is under way, whichever files it has; `undefined` when it ended or took too long. */
export async function findStarted(starting: Starting, signal: AbortSignal): Promise<WorkerInfo | undefined> {
  const { socket, masterSocket, clock, limitMs, isStarting } = starting;
  const since = clock.now();
  for (let tookMs = 0; tookMs < limitMs && !signal.aborted && isStarting(); tookMs = clock.now() - since) {
    const worker = await askWorker(socket, clock);
    // An earlier master's worker may live on.
    const isItsOwn = worker !== undefined && (await askMaster(masterSocket, clock))?.workerPid === worker.pid;
    if (isItsOwn && isStarting()) return worker;
    await clock.sleep(Math.max(LOOK_MS, SHARE * tookMs), signal);
  }
  return undefined;
}
