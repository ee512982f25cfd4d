import type { LoopState } from "../core/status/status.ts";
import type { Applier } from "../apply/applier.ts";
import type { Built } from "../core/model/build_model.ts";
import type { ContainerSource } from "../ports.ts";
import type { FirstTraffic } from "./first_traffic.ts";
import type { Outcomes } from "./outcomes.ts";
import type { Readiness } from "./readiness.ts";

/** The parts of a loop that know how it stands. */
export type LoopParts = {
  readonly built: Built | undefined;
  readonly applier: Applier;
  readonly readiness: Readiness;
  readonly outcomes: Outcomes;
  readonly firstTraffic: FirstTraffic;
  readonly parts: { readonly source: Pick<ContainerSource, "describe"> };
};

/** How a loop stands at this moment. */
export function loopStateOf(
  { built, applier, readiness, outcomes, firstTraffic, parts }: LoopParts,
): LoopState {
  const { count, counts, last, spaced } = applier.loader;
  return {
    sources: parts.source.describe(),
    model: built?.model,
    built,
    notices: built?.notices ?? [],
    waiting: readiness.waiting(built?.model),
    hasConfig: applier.believed.hasConfig,
    reloads: count,
    reloadsByReason: counts,
    lastReload: last,
    spaced,
    trouble: outcomes.trouble,
    leaving: applier.leaving,
    firstTraffic: firstTraffic.durations,
    refusals: outcomes.refusals,
  };
}
