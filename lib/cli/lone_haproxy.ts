import { systemClock } from "../clock.ts";
import { formatListeners, type ListenerStatus } from "../core/status/listeners.ts";
import { bindsOf, configIn } from "../haproxy/files/bind_trial.ts";
import { GenerationStore } from "../haproxy/files/generation_store.ts";
import { generationOf } from "../haproxy/files/remains.ts";
import { checkWay, isTrustedUser } from "../haproxy/files/trusted_path.ts";
import { findRunning } from "../haproxy/socket/worker.ts";

/** An HAProxy that serves on with the state directory of a signalbox that is gone. */
export type LoneHaproxy = {
  readonly stateDir: string;
  /** Of its master. */
  readonly pid: number;
  /** What the config that it has loaded listens on. */
  readonly listeners: readonly ListenerStatus[];
};

/** How long a master may be silent, in milliseconds, before it counts as none. */
const ANSWER_LIMIT_MS = 500;

/** Finds it, for whoever has found no signalbox there; trusts no socket that another user may have made. */
export async function findLoneHaproxy(stateDir: string): Promise<LoneHaproxy | undefined> {
  const [masterSocket, socket] = [`${stateDir}/master.sock`, `${stateDir}/haproxy.sock`];
  try {
    checkWay(`${stateDir}/`);
    if (![masterSocket, socket].every((path) => isTrustedUser(Deno.lstatSync(path).uid))) return undefined;
  } catch {
    return undefined;
  }
  const { master, worker } = await findRunning(masterSocket, socket, systemClock, ANSWER_LIMIT_MS);
  if (master === undefined || worker === undefined) return undefined;
  const store = new GenerationStore(stateDir, systemClock);
  const folder = generationOf(worker, store)?.folder ?? store.current;
  return { stateDir, pid: master.masterPid, listeners: listenersIn(folder) };
}

/** What the config in a folder listens on. */
export function listenersIn(folder: string): readonly ListenerStatus[] {
  const listeners = bindsOf(configIn(folder)).map(({ host, port, isTls }) => ({
    address: host === "0.0.0.0" || host === "::" ? "*" : host,
    port,
    isTls,
  }));
  // One for all addresses is two, for either family.
  const unique = new Map(listeners.map((listener) => [`${listener.address} ${listener.port}`, listener]));
  return [...unique.values()];
}

/** What it is and does, in words. */
export const loneWords = ({ pid, listeners }: LoneHaproxy): string =>
  `HAProxy of an earlier signalbox (pid ${pid}) serves${
    listeners.length === 0 ? "" : ` on ${formatListeners(listeners)}`
  }`;

/** What becomes of it. */
export const TAKES_OVER = "`signalbox run` with this state directory takes it over without losing a request";
