/** The published state of a loop, of which a test names only what it is about. */
import { buildModel } from "../../lib/core/model/build_model.ts";
import { ModelMemory } from "../../lib/core/model/model_memory.ts";
import type { ContainerView } from "../../lib/core/snapshot/snapshot.ts";
import { Histogram } from "../../lib/core/status/histogram.ts";
import type { LoopState } from "../../lib/core/status/status.ts";
import type { ContainerId } from "../../lib/core/values/names.ts";
import { SETTINGS } from "../core/containers.ts";

/** A loop that is in step with these containers, of which some stop; `memory` is that of the pass before. */
export function loopStateOf(
  containers: readonly ContainerView[],
  given: Partial<LoopState> = {},
  memory = new ModelMemory(SETTINGS),
  stopping: ReadonlySet<ContainerId> = new Set(),
): LoopState {
  const snapshot = { containers, stopping, starting: new Set<never>() };
  const built = buildModel(snapshot, SETTINGS, undefined, undefined, memory);
  return {
    sources: [],
    model: built.model,
    built,
    notices: built.notices,
    waiting: new Map(),
    hasConfig: true,
    reloads: 1,
    reloadsByReason: new Map(),
    lastReload: undefined,
    spaced: undefined,
    trouble: undefined,
    leaving: 0,
    firstTraffic: new Histogram().durations,
    refusals: {},
    ...given,
  };
}
