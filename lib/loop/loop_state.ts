import type { LoopState } from "../core/status/status.ts";
import type { Controller } from "./controller.ts";

/** How the loop of a controller stands at this moment. */
export function loopStateOf(
  { built, applier, readiness, outcomes, parts }: Pick<
    Controller,
    "built" | "applier" | "readiness" | "outcomes" | "parts"
  >,
): LoopState {
  const { count, counts, last, spaced } = applier.loader;
  return {
    sources: parts.source.describe(),
    model: built?.model,
    notices: built?.notices ?? [],
    waiting: readiness.waiting(built?.model),
    hasConfig: applier.believed.hasConfig,
    reloads: count,
    reloadsByReason: counts,
    lastReload: last,
    spaced,
    trouble: outcomes.trouble,
    leaving: applier.leaving,
  };
}
