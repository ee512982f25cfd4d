import type { Model } from "../core/model/model.ts";
import type { ServerName } from "../core/values/names.ts";
import type { ServerState } from "../core/runtime/operation.ts";
import type { Clock } from "../ports.ts";
import type { Readiness } from "./readiness.ts";

/** For what a pass waits, and how long at most, in milliseconds. */
const HEAD_STARTS = {
  /** Nothing is served yet: all that is proven now comes with the first load. */
  first: { what: "proof", limitMs: 250 },
  later: { what: "answer", limitMs: 2 },
} as const;

/**
 * Waits for the first answers of new servers, and gives the states after that; `undefined` where the last update began no
 * probe. Most containers listen already and answer at once: after this moment they start as ready, in one step.
 */
export function headStart(
  readiness: Readiness,
  model: Model,
  pass: keyof typeof HEAD_STARTS,
  clock: Clock,
): (() => Promise<ReadonlyMap<ServerName, ServerState>>) | undefined {
  if (!readiness.isProbing) return undefined;
  const { what, limitMs } = HEAD_STARTS[pass];
  return async () => {
    await readiness.settled(what, limitMs, clock);
    return readiness.update(model);
  };
}
