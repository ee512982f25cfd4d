import type { Gate } from "./model.ts";
import type { ContainerId } from "../values/names.ts";
import type { ContainerView, Snapshot } from "../snapshot/snapshot.ts";

/** Where a container is on its way; one that is being started or stopped gets nothing new. */
export type Phase = "starting" | "running" | "leaving" | "stopping";

const NOBODY: ReadonlySet<ContainerId> = new Set();

/** Whether every container of a snapshot runs, and is not told to end. */
export const areAllRunning = ({ stopping, starting, leaving = NOBODY }: Snapshot): boolean =>
  stopping.size + starting.size + leaving.size === 0;

/** Where a container of a snapshot is. */
export function phaseIn({ stopping, starting, leaving = NOBODY }: Snapshot, id: ContainerId): Phase {
  if (stopping.has(id)) return "stopping";
  if (leaving.has(id)) return "leaving";
  return starting.has(id) ? "starting" : "running";
}

/** What a container's phase and health mean for its servers. */
export function gateOf(container: ContainerView, phase: Phase): Gate {
  if (phase === "stopping" || phase === "leaving") return phase;
  if (phase === "starting") return "created";
  return container.health === "starting" || container.health === "unhealthy" ? container.health : "open";
}

/** The oldest first. */
export const byAge = (a: ContainerView, b: ContainerView): number =>
  a.createdAt - b.createdAt || (a.task?.createdAt ?? 0) - (b.task?.createdAt ?? 0) ||
  (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
