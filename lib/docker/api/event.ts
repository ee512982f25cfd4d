import * as v from "valibot";
import { type ContainerId, parseContainerId } from "../../core/values/names.ts";
import type { ContainerView } from "../../core/snapshot/snapshot.ts";

const EventSchema = v.object({
  Type: v.string(),
  Action: v.string(),
  Actor: v.object({
    ID: v.string(),
    Attributes: v.optional(
      v.nullable(v.object({ container: v.optional(v.unknown()), signal: v.optional(v.unknown()) })),
    ),
  }),
  timeNano: v.optional(v.unknown()),
});

/** What Podman's API calls an action that Docker calls otherwise. */
const PODMANS: Readonly<Record<string, string>> = { died: "die", cleanup: "die", remove: "destroy" };

/** The actions that can change the routing. signalbox does not subscribe to others, such as `exec_start`. */
export const ACTIONS: readonly string[] = [
  "create",
  "start",
  "kill",
  "die",
  "stop",
  "pause",
  "unpause",
  "rename",
  "restart",
  "destroy",
  "update",
  "health_status",
  "connect",
  "disconnect",
  ...Object.keys(PODMANS),
];

/** What an event is about: a container to read again, and the signal that the container got, if any. */
export type ContainerEvent = {
  readonly id: ContainerId;
  readonly action: string;
  /** Podman does not tell which signal it was. */
  readonly killedBy: string | undefined;
  /** The engine's own time, in milliseconds since 1970; `undefined` where it does not tell. */
  readonly at: number | undefined;
  /** The network's id, where it is an event of a network. */
  readonly network: string | undefined;
};

/** Reads one of Docker's events (API: `GET /events`); `undefined` for what cannot change the routing. */
export function decodeEvent(json: unknown): ContainerEvent | undefined {
  const result = v.safeParse(EventSchema, json);
  if (!result.success) return undefined;
  // Not every engine applies the filter. `health_status` has the state of health behind its name.
  if (!ACTIONS.includes(result.output.Action.split(":")[0] ?? "")) return undefined;
  const { Type: type, Action: said, Actor: actor, timeNano } = result.output;
  const { container, signal } = actor.Attributes ?? {};
  // Podman's events of a network have the container's id where Docker's have the network's.
  const isJoining = said === "connect" || said === "disconnect";
  const subject = type === "container" || (isJoining && container === undefined)
    ? actor.ID
    : type === "network"
    ? container
    : undefined;
  const id = typeof subject === "string" ? parseContainerId(subject) : undefined;
  if (id === undefined || !id.ok) return undefined;
  const action = type === "container" ? PODMANS[said] ?? said : said;
  const isSignal = typeof signal === "string" || typeof signal === "number";
  return {
    id: id.value,
    action,
    killedBy: action === "kill" && isSignal ? `${signal}` : undefined,
    at: typeof timeNano === "number" ? timeNano / 1e6 : undefined,
    network: type === "network" ? actor.ID : undefined,
  };
}

/** Linux' signals by number, from 1 on (signal(7)). */
const SIGNALS = (
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU " +
  "XFSZ VTALRM PROF WINCH IO PWR SYS"
).split(" ");
/** The first and last real-time signal, as Docker counts them. */
const RTMIN = 34;
const RTMAX = 64;

/** A signal's number as Docker writes it in events; `SIGTERM`, `TERM` and `15` are one signal, `SIGRTMIN+3` is 37. */
function signalNumber(name: string): string {
  const word = name.toUpperCase().replace(/^SIG/, "");
  const [, end, offset] = /^RT(MIN|MAX)([+-]\d{1,2})?$/.exec(word) ?? [];
  if (end !== undefined) return `${(end === "MIN" ? RTMIN : RTMAX) + Number(offset ?? 0)}`;
  const at = SIGNALS.indexOf(word);
  return at < 0 ? word : `${at + 1}`;
}

/** Whether an event says that somebody stops its container, or that it has ended. */
export function isEnding(event: ContainerEvent, container: ContainerView | undefined): boolean {
  if (container === undefined) return false;
  return event.action === "die" ||
    (event.killedBy !== undefined && endsContainer(event.killedBy, container.stopSignal));
}

/** Whether a signal tells the container to end: SIGKILL, SIGTERM, or the one that its image names (Config.StopSignal). */
export function endsContainer(killedBy: string, stopSignal: string): boolean {
  const number = signalNumber(killedBy);
  return number === "9" || number === "15" || number === signalNumber(stopSignal);
}
