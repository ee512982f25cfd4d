import type { SwarmTask } from "./swarm.ts";
import type { SwarmNode } from "./swarm_node.ts";

/**
 * Where a task is on its way. One that is `leaving` serves until its end, which its manager has planned; one that is `stopping`
 * is ending now; one that is `over` serves no more.
 */
export type TaskPhase = "starting" | "running" | "leaving" | "stopping" | "over";

/** The states before `running`, as Swarm's tasks go through them (Docker's documentation, "Swarm task states"). */
const BEFORE_RUNNING: ReadonlySet<string> = new Set([
  ..."new allocated pending assigned accepted preparing ready starting".split(" "),
]);

/** What a manager wants of a task that it ends. */
const ENDS: ReadonlySet<string> = new Set(["shutdown", "remove", "orphaned", "failed", "rejected"]);

/** Whether a task is yet to run, and is to. */
export const isAhead = ({ state, desired }: SwarmTask): boolean =>
  BEFORE_RUNNING.has(state) && !ENDS.has(desired);

/** Whether a task is where its manager wants it to be. */
export const isSettled = ({ state, desired }: SwarmTask, node: SwarmNode | undefined): boolean =>
  ENDS.has(desired)
    ? (state !== "running" && !BEFORE_RUNNING.has(state)) || node?.state === "down"
    : !BEFORE_RUNNING.has(state);

/**
 * What a manager says of a task. `version` is what its service's tasks run now. A manager ends the tasks of a node that it
 * does not hear from, and they may serve all the same: HAProxy's checks know better.
 */
export function phaseOf(
  task: SwarmTask,
  node: SwarmNode | undefined,
  version: string | undefined,
): TaskPhase {
  const { state, desired } = task;
  if (BEFORE_RUNNING.has(state)) return ENDS.has(desired) ? "over" : "starting";
  if (state !== "running") return "over";
  if (!ENDS.has(desired)) return "running";
  const isUnheard = node?.state === "down" && desired === "shutdown" && task.version === version;
  return isUnheard ? "running" : "leaving";
}
