import type { ContainerView } from "../../core/snapshot/snapshot.ts";
import type { ContainerId } from "../../core/values/names.ts";
import { type ContainerEvent, isEnding } from "../api/event.ts";

/** What an event means for its container. */
export type EventMeaning =
  /** The container was told to end, or ended. */
  | "ends"
  /** The container got a network before it runs. */
  | "is-being-started"
  | "was-created"
  | "was-removed"
  | "was-started"
  /** The container got a signal that does not end it, or whose effect depends on a container that is not read yet. */
  | "got-a-signal"
  /** The container lost an address, which another container may get. */
  | "lost-an-address"
  /** A part of an end that is known already. */
  | "is-ending"
  /** Any other change: signalbox reads the container again. */
  | "changed";

/** What the meaning of an event depends on. */
export type EventContext = {
  readonly containers: ReadonlyMap<ContainerId, ContainerView>;
  readonly stopping: ReadonlyMap<ContainerId, unknown>;
};

/** Says what an event means. */
export function meaningOf(event: ContainerEvent, { containers, stopping }: EventContext): EventMeaning {
  const container = containers.get(event.id);
  const isStopping = stopping.has(event.id);
  if (isEnding(event, container)) return "ends";
  switch (event.action) {
    case "create":
      return "was-created";
    case "destroy":
      return "was-removed";
    case "start":
      return "was-started";
    case "kill":
      return event.killedBy === undefined ? "changed" : "got-a-signal";
    case "stop":
      return "changed";
    case "connect":
      return container === undefined || isStopping ? "is-being-started" : "changed";
  }
  if (isStopping) return "is-ending";
  return event.action === "disconnect" ? "lost-an-address" : "changed";
}
