import type { Desired } from "./render.ts";

/** Whether a server may have traffic: `maint` finishes what it has and gets nothing new. */
export type ServerState = "ready" | "maint";

/** One change of the running HAProxy. */
export type Operation = {
  readonly kind: "state";
  /** `backend/server`. */
  readonly server: string;
  readonly state: ServerState;
};

/** What is to change. */
export type Plan =
  | { readonly kind: "nothing" }
  | { readonly kind: "runtime"; readonly operations: readonly Operation[] }
  | { readonly kind: "reload"; readonly reasons: readonly string[] };

/** What HAProxy has now: the files that it loaded, and the state that each server was given since. */
export type Running = { readonly desired: Desired; readonly states: ReadonlyMap<string, ServerState> };

/** Decides how HAProxy gets from what it has to what is wanted. */
export function planChange(
  running: Running | undefined,
  desired: Desired,
  states: ReadonlyMap<string, ServerState>,
): Plan {
  if (running === undefined) return { kind: "reload", reasons: ["HAProxy has no routing yet"] };
  const changed = [...desired.files].filter(([name, text]) => running.desired.files.get(name) !== text);
  if (changed.length > 0) {
    return { kind: "reload", reasons: changed.map(([name]) => `${name} differs`) };
  }
  const operations: Operation[] = [];
  for (const [server, state] of states) {
    if ((running.states.get(server) ?? "ready") !== state) operations.push({ kind: "state", server, state });
  }
  return operations.length === 0 ? { kind: "nothing" } : { kind: "runtime", operations };
}
