import { areApart } from "../keys/variant.ts";
import type { BackendName } from "../values/names.ts";
import type { TableKey } from "../values/table.ts";
import type { Route } from "./model.ts";
import type { Placed } from "./variant_places.ts";

/** The routes of which the guards hold for a variant too: it takes requests that these would serve, or refuse. */
export class VariantGuards {
  /** By the backend of a variant. */
  readonly above = new Map<BackendName, Set<Route>>();

  constructor(
    readonly protectsMore: (route: Route, other: Route | undefined) => boolean,
    /** A smaller number for an older one. */
    readonly ageOf: (route: Placed) => number,
  ) {}

  /** What protects the route that serves all other requests holds for a variant. */
  add({ backend, guard }: Placed, route: Route): void {
    // It stands for a variant that is closed, and its backend is another route's.
    if (guard !== undefined) return;
    const routes = this.above.get(backend);
    if (routes === undefined) this.above.set(backend, new Set([route]));
    else routes.add(route);
  }

  /** What would protect a place, if its container could serve it, holds for the variants that are left of it. */
  addUnserved(
    all: readonly Placed[],
    above: readonly TableKey[],
    parent: Route | undefined,
    unserved: ReadonlyMap<TableKey, Route>,
  ): void {
    for (const place of above) {
      if (place === parent?.key) return;
      const route = unserved.get(place);
      if (route !== undefined) { for (const each of all) this.add(each, route); }
    }
  }

  /** A younger variant that is tried before an older one of another container may take its requests. */
  addOlder(inOrder: readonly Placed[]): void {
    if (inOrder.every(({ claimant }) => claimant === inOrder[0]?.claimant)) return;
    for (const [at, older] of inOrder.entries()) {
      if (!this.protectsMore(older, undefined)) continue;
      for (const each of inOrder.slice(0, at)) this.#addTo(each, older);
    }
  }

  /** Where nobody knows which of two variants HAProxy tries first for a host, the younger one is protected as the older one is. */
  addBeside(all: readonly Placed[], others: readonly Placed[]): void {
    for (const other of others) {
      for (const each of all) {
        if (this.protectsMore(other, undefined)) this.#addTo(each, other);
        if (this.protectsMore(each, undefined)) this.#addTo(other, each);
      }
    }
  }

  #addTo(each: Placed, older: Placed): void {
    const isYounger = each.claimant !== older.claimant && this.ageOf(each) > this.ageOf(older);
    if (isYounger && !areApart(each.variant, older.variant)) this.add(each, older);
  }
}
