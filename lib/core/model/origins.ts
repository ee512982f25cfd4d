import { placeOf } from "../labels/said.ts";
import type { KeyValues } from "../keys/route_data.ts";
import type { KeyName } from "../keys/route_keys.ts";
import type { BackendName } from "../values/names.ts";
import type { Built } from "./build_model.ts";
import type { Offer } from "./attempt.ts";

/** Where a key of a backend was said: the container, and the place in its words. */
export type Origin = { readonly by: string; readonly place: string };

/** The offers that became servers of one backend, the oldest first; and those of them that say a key, or are of one container. */
class OffersOfBackend {
  readonly #saying = new Map<KeyName, readonly Offer[]>();
  #named: ReadonlyMap<string, readonly Offer[]> | undefined;

  constructor(readonly all: readonly Offer[]) {}

  saying(key: KeyName): readonly Offer[] {
    const found = this.#saying.get(key) ?? this.all.filter(({ data }) => (data[key] ?? null) !== null);
    this.#saying.set(key, found);
    return found;
  }

  of(container: string): readonly Offer[] {
    this.#named ??= Map.groupBy(this.all, ({ container }) => container.name);
    return this.#named.get(container) ?? [];
  }
}

/** Who said what of each backend: for `explain`. What it costs to find something does not grow with the containers. */
export class Origins {
  readonly #offers: ReadonlyMap<BackendName, OffersOfBackend>;

  constructor({ considered, owners }: Pick<Built, "considered" | "owners">) {
    const offers = considered.flatMap(({ attempts }) => attempts.flatMap(({ offer }) => offer ?? []));
    const served = offers.filter(({ own }) => owners.get(own.key)?.backend === own.backend);
    const grouped = Map.groupBy(served, ({ own }) => own.backend);
    this.#offers = new Map([...grouped].map(([backend, all]) => [backend, new OffersOfBackend(all)]));
  }

  /** What the first container says that says a key, or the one named `by`; with `has`, that says such a value of it. */
  find<K extends KeyName>(
    backend: BackendName,
    key: K,
    { by, has = () => true }: {
      readonly by?: string | undefined;
      readonly has?: (value: NonNullable<KeyValues[K]>) => boolean;
    } = {},
  ): Origin & { readonly value: NonNullable<KeyValues[K]> } | undefined {
    const offers = this.#offers.get(backend);
    for (const { data, container } of (by === undefined ? offers?.saying(key) : offers?.of(by)) ?? []) {
      const value = data[key];
      if (value === undefined || value === null || !has(value)) continue;
      return { by: container.name, place: placeOf(key, { label: data.labels?.[key] }, data.source), value };
    }
    return undefined;
  }
}
