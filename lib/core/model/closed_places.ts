import { EVERY_HOST, isHostPattern } from "../values/host_pattern.ts";
import type { BackendName } from "../values/names.ts";
import { routeKey } from "../values/names.ts";
import type { Notice } from "../values/notice.ts";
import type { TableKey } from "../values/table.ts";
import { HostsAbove, type Matches } from "./hosts_above.ts";
import type { Draft } from "./merge_backend.ts";
import { placeName, type Route } from "./model.ts";
import { hostPatterns } from "./special_hosts.ts";
import { firstOf, isPlaced, KnownPlaces } from "./variant_places.ts";
import { authorOf, type Unserved } from "./wards.ts";

/** The routes with those that close places, and what protects places that nobody serves. */
export type ClosedPlaces = {
  /** Sorted by key. */
  readonly routes: readonly Route[];
  /** All that were claimed, in their order, and behind them those that close places. */
  readonly owners: ReadonlyMap<string, Route>;
  /** By place: what would be the route of it. */
  readonly unserved: ReadonlyMap<TableKey, readonly Route[]>;
  readonly notices: readonly Notice[];
};

/** What else is known. */
type Beside = {
  readonly owners: ReadonlyMap<string, Route>;
  readonly drafts: ReadonlyMap<BackendName, Draft>;
  readonly matches: Matches;
};

/**
 * What was to be closed stays closed where its route is left out: requests to its place would go to another route of the same
 * container, which serves them unprotected. HAProxy answers 403 there. A place that another container serves instead stays as
 * that one says: nobody reaches the container whose route is left out.
 */
export function closePlaces(
  all: readonly Unserved[],
  routes: readonly Route[],
  beside: Beside,
): ClosedPlaces {
  const { owners } = beside;
  if (all.length === 0) return { routes, owners, unserved: new Map(), notices: [] };
  const closing = new Closing(routes, beside);
  for (const each of all) closing.add(each);
  const { closed, unserved, notices } = closing;
  if (closed.size === 0) return { routes, owners, unserved, notices };
  const others = routes.filter(({ key }) => !closed.has(key));
  return {
    routes: [...others, ...closed.values()].sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0),
    owners: new Map([...owners, ...closed]),
    unserved,
    notices,
  };
}

class Closing {
  readonly closed = new Map<TableKey, Route>();
  readonly unserved = new Map<TableKey, Route[]>();
  readonly notices: Notice[] = [];
  readonly #byKey: ReadonlyMap<TableKey, Route>;
  readonly #plain: ReadonlyMap<TableKey, Route>;
  readonly #places: KnownPlaces;
  readonly #hostsAbove: HostsAbove;

  constructor(routes: readonly Route[], readonly beside: Beside) {
    this.#byKey = new Map(routes.map((route) => [route.key, route]));
    const plain = routes.filter((route) => !isPlaced(route));
    this.#plain = new Map(plain.map((route) => [route.key, route]));
    this.#places = new KnownPlaces(routes);
    this.#hostsAbove = new HostsAbove(hostPatterns(beside.owners, routes), beside.matches);
  }

  add({ guard, routes, authors }: Unserved): void {
    let first: Route | undefined;
    for (const route of routes) {
      const owner = this.beside.owners.get(route.key);
      // Who is sent elsewhere is not served.
      if (owner?.move !== undefined) continue;
      const instead = owner === undefined ? this.#instead(route, authors) : this.#byKey.get(route.key);
      if (instead !== undefined && this.#isBySame(instead, authors)) {
        this.closed.set(route.key, { ...route, backend: instead.backend, guard });
        first ??= route;
      } else if (owner === undefined && !isPlaced(route)) {
        const place = this.unserved.get(route.key) ?? [];
        this.unserved.set(route.key, [...place, { ...route, backend: guard.name, guard }]);
      }
    }
    if (first !== undefined) this.notices.push(closedNotice(first, guard.isUnclear));
  }

  /** The route that would serve the requests of one that is left out: all others of its place, or a variant of it. */
  #instead(route: Route, authors: ReadonlySet<string>): Route | undefined {
    const { host, path } = route;
    const near = this.#hostsAbove.near(host);
    const hosts = [...near, ...this.#hostsAbove.far(host, [route.claimant]) ?? [EVERY_HOST]];
    const plain = firstOf(this.#places.above(hosts, path), this.#plain);
    if (plain !== undefined || !isPlaced(route)) return plain;
    const place = routeKey(host, path);
    for (const each of this.#byKey.values()) {
      if (isPlaced(each) && routeKey(each.host, each.path) === place && this.#isBySame(each, authors)) {
        return each;
      }
    }
    return undefined;
  }

  #isBySame({ backend }: Route, authors: ReadonlySet<string>): boolean {
    const members = this.beside.drafts.get(backend)?.members ?? [];
    return members.some(({ container }) => authors.has(authorOf(container)));
  }
}

function closedNotice(route: Route, isUnclear: boolean): Notice {
  const why = isUnclear ? "a mistake hides who may come in there" : "what protects it has no route";
  const message = `${placeName(route)}${
    isHostPattern(route.host) ? "" : "/"
  } answers 403: ${why}, and another route of the container would serve it`;
  return { severity: "warning", code: "closed", subject: route.by, message };
}
