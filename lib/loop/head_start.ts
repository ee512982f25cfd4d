import type { Model } from "../core/model/model.ts";
import type { ServerName } from "../core/values/names.ts";
import type { ServerState } from "../core/runtime/operation.ts";
import type { Clock } from "../ports.ts";
import type { Readiness } from "./readiness.ts";

/**
 * For what a pass waits, how long at most, and how much longer for each server that it began to probe; in milliseconds. A
 * probe takes a third of that time.
 */
type Wait = { readonly what: "proof" | "answer"; readonly limitMs: number; readonly eachMs: number };

const HEAD_STARTS: Readonly<Record<"first" | "later", readonly Wait[]>> = {
  /**
   * Nothing is served yet: all that is proven now comes with the first load. Where there are thousands, each gets its
   * first try before that: HAProxy would begin without most of them.
   */
  first: [{ what: "proof", limitMs: 250, eachMs: 0 }, { what: "answer", limitMs: 0, eachMs: 0.3 }],
  later: [{ what: "answer", limitMs: 2, eachMs: 0 }],
};

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
  const { probing } = readiness;
  if (probing === 0) return undefined;
  return async () => {
    for (const { what, limitMs, eachMs } of HEAD_STARTS[pass]) {
      await readiness.settled(what, limitMs + eachMs * probing, clock);
    }
    return readiness.update(model);
  };
}
