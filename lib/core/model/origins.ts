import { placeOf } from "../labels/said.ts";
import type { KeyValues } from "../keys/route_data.ts";
import type { KeyName } from "../keys/route_keys.ts";
import type { BackendName } from "../values/names.ts";
import type { Built } from "./build_model.ts";
import type { Offer } from "./offer.ts";

/** Where a key of a backend was said: the container, and the place in its words. */
export type Origin = { readonly by: string; readonly place: string };

/** Who said what of each backend: for `explain`. */
export class Origins {
  /** The offers that became servers, the oldest first. */
  readonly #offers: ReadonlyMap<BackendName, readonly Offer[]>;

  constructor({ considered, owners }: Pick<Built, "considered" | "owners">) {
    const offers = considered.flatMap(({ attempts }) => attempts.flatMap(({ offer }) => offer ?? []));
    const served = offers.filter(({ own }) => owners.get(own.key)?.backend === own.backend);
    this.#offers = Map.groupBy(served, ({ own }) => own.backend);
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
    for (const { data, container } of this.#offers.get(backend) ?? []) {
      const value = data[key];
      if (by !== undefined && container.name !== by) continue;
      if (value === undefined || value === null || !has(value)) continue;
      return { by: container.name, place: placeOf(key, { label: data.labels?.[key] }, data.source), value };
    }
    return undefined;
  }
}
