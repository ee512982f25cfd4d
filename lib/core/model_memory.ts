import type { Backend } from "./model.ts";
import type { Notice } from "./notice.ts";
import { type Attempt, type Circumstances, readOffers } from "./offer.ts";
import type { Member, RoutingSettings } from "./routing_settings.ts";
import type { ContainerView } from "./snapshot.ts";

/** A backend with what its containers disagree about. */
export type Merged = { readonly backend: Backend; readonly notices: readonly Notice[] };

/**
 * What earlier passes worked out, for one set of settings: a pass after one event reads that one container anew. Views
 * and offers are immutable, so that the same objects always give the same result, and the very same object.
 */
export class ModelMemory {
  readonly #attempts = new WeakMap<
    ContainerView,
    { readonly given: Circumstances; readonly attempts: readonly Attempt[] }
  >();
  readonly #merged = new WeakMap<Member, { readonly members: readonly Member[]; readonly merged: Merged }>();

  constructor(readonly settings: RoutingSettings) {}

  /** As readOffers. */
  offersOf(container: ContainerView, given: Circumstances): readonly Attempt[] {
    const before = this.#attempts.get(container);
    if (before?.given.isStopping === given.isStopping && before.given.shared === given.shared) {
      return before.attempts;
    }
    const attempts = readOffers(container, given, this.settings);
    this.#attempts.set(container, { given, attempts });
    return attempts;
  }

  /** What `merge` makes of a backend's members, of which there is one at least. */
  mergedOf(members: readonly Member[], merge: () => Merged): Merged {
    const [first] = members;
    const before = first && this.#merged.get(first);
    if (
      before?.members.length === members.length && members.every((each, at) => each === before.members[at])
    ) {
      return before.merged;
    }
    const merged = merge();
    if (first !== undefined) this.#merged.set(first, { members, merged });
    return merged;
  }
}

const memories = new WeakMap<RoutingSettings, ModelMemory>();

/** The memory of one set of settings. */
export function memoryOf(settings: RoutingSettings): ModelMemory {
  const memory = memories.get(settings) ?? new ModelMemory(settings);
  memories.set(settings, memory);
  return memory;
}
