import type { HaproxyStatus } from "../../core/status/status.ts";
import type { Clock } from "../../ports.ts";
import { ask, SocketError } from "./cli_socket.ts";

/** What a running worker says of itself (management guide, `show info`). */
export type WorkerInfo = {
  readonly pid: number;
  readonly version: string;
  readonly description: string;
  readonly uptimeSeconds: number;
};

/** The number of the generation that a worker says it has; 0 where it says none. */
export const loadedNumber = (worker: WorkerInfo | undefined): number =>
  Number(worker?.description.split("-")[1]) || 0;

/** HAProxy's version, as far as features depend on it; 0.0 where no worker serves. */
export function versionOf(worker: WorkerInfo | undefined): readonly [number, number] {
  const [major = 0, minor = 0] = (worker?.version ?? "").split(".").map(Number);
  return [major, minor];
}

/** How long a worker or a master may take to identify itself, in milliseconds. */
const ANSWER_LIMIT_MS = 1_000;

/** Has the worker at a socket identify itself; `undefined` where none answers. */
export async function askWorker(
  socket: string,
  clock: Clock,
  deadlineMs = ANSWER_LIMIT_MS,
): Promise<WorkerInfo | undefined> {
  let text: string;
  try {
    text = await ask(socket, "show info", clock, deadlineMs);
  } catch (error) {
    if (error instanceof SocketError) return undefined;
    throw error;
  }
  const fields = new Map(
    text.split("\n").map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
    }),
  );
  const pid = Number(fields.get("Pid"));
  if (!Number.isInteger(pid)) return undefined;
  return {
    pid,
    version: fields.get("Version") ?? "",
    description: fields.get("description") ?? "",
    uptimeSeconds: Number(fields.get("Uptime_sec")) || 0,
  };
}

/** Finds the worker that serves in the place of another; `undefined` where the same or an older one answers. */
export async function findNext(
  socket: string,
  before: WorkerInfo | undefined,
  clock: Clock,
): Promise<WorkerInfo | undefined> {
  const worker = await askWorker(socket, clock);
  const isNext = worker?.pid !== before?.pid && loadedNumber(worker) >= loadedNumber(before);
  return isNext ? worker : undefined;
}

/** What the master says of its processes (management guide, `show proc`). */
export type MasterInfo = {
  readonly masterPid: number;
  readonly uptimeSeconds: number;
  /** The worker that it started last; `undefined` where it has none. */
  readonly workerPid: number | undefined;
  readonly oldWorkers: number;
  /** 0 where there is none. */
  readonly oldestWorkerSeconds: number;
};

/** Asks the master about its processes; `undefined` where it does not answer. */
export async function askMaster(socket: string, clock: Clock): Promise<MasterInfo | undefined> {
  const text = await ask(socket, "show proc;quit", clock, ANSWER_LIMIT_MS).catch(() => undefined);
  if (text === undefined) return undefined;
  const sections = text.split("\n#");
  const rows = (section: string | undefined, kind: string) =>
    (section ?? "").split("\n").map((line) => line.trim().split(/\s+/)).filter((words) => words[1] === kind);
  const master = rows(sections[0], "master")[0];
  if (master === undefined) return undefined;
  const workers = (title: string) => rows(sections.find((each) => each.trim().startsWith(title)), "worker");
  const current = workers("workers")[0]?.[0];
  const old = workers("old workers");
  return {
    masterPid: Number(master[0]),
    uptimeSeconds: secondsOf(master),
    workerPid: current === undefined ? undefined : Number(current),
    oldWorkers: old.length,
    oldestWorkerSeconds: Math.max(0, ...old.map(secondsOf)),
  };
}

/** The column that reads `0d00h01m05s`. */
function secondsOf(row: readonly string[]): number {
  const match = row.map((word) => /^(\d+)d(\d+)h(\d+)m(\d+)s$/.exec(word)).find((found) => found !== null);
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = (match ?? []).slice(1).map(Number);
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}

/** How long a master may be silent while its worker answers, in milliseconds, and how often signalbox tries. */
const DEAF_LIMIT_MS = 2_000;
const ASK_AGAIN_MS = 20;
/** Limit for `status` when the master socket is silent, in milliseconds; old workers are then unknown. */
const STATUS_LIMIT_MS = 500;

/** Finds the master and the worker at the sockets; waits for a master that executes itself anew after a reload. */
export async function findRunning(
  masterSocket: string,
  socket: string,
  clock: Clock,
  limitMs = DEAF_LIMIT_MS,
) {
  const until = clock.now() + limitMs;
  for (;;) {
    const [master, worker] = await Promise.all([
      askMaster(masterSocket, clock),
      askWorker(socket, clock),
    ]);
    if (master !== undefined || worker === undefined || clock.now() > until) return { master, worker };
    await clock.sleep(ASK_AGAIN_MS);
  }
}

/** The state of the HAProxy at the sockets; `pid` is its master's, where signalbox knows it. */
export async function describeRunning(
  masterSocket: string,
  socket: string,
  pid: number | undefined,
  clock: Clock,
): Promise<Omit<HaproxyStatus, "failures" | "accessLog">> {
  const { worker, master } = await findRunning(masterSocket, socket, clock, STATUS_LIMIT_MS);
  return {
    isServing: worker !== undefined,
    version: worker?.version,
    // A master whose socket is lost is still known by its pid.
    pid: master?.masterPid ?? pid,
    uptimeSeconds: master?.uptimeSeconds ?? worker?.uptimeSeconds,
    workerStartedAt: worker && new Date(clock.date().getTime() - worker.uptimeSeconds * 1_000).toISOString(),
    oldWorkers: master?.oldWorkers ?? 0,
    oldestWorkerSeconds: master?.oldestWorkerSeconds ?? 0,
  };
}
