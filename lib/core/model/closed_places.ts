import { EVERY_HOST, isHostPattern } from "../values/host_pattern.ts";
import { type BackendName, type HostName, isWildcard, routeKey } from "../values/names.ts";
import type { Notice } from "../values/notice.ts";
import type { TableKey } from "../values/table.ts";
import { HostsAbove, type Matches } from "./hosts_above.ts";
import type { Draft } from "./merge_backend.ts";
import { type Guarded, type Route, routeName } from "./model.ts";
import { hostPatterns } from "./special_hosts.ts";
import { firstOf, isBelow, isPlaced, KnownPlaces } from "./variant_places.ts";
import { authorOf, authorOfRoute, type Unserved } from "./wards.ts";

/** The routes with those that close places, and what protects places that nobody serves. */
export type ClosedPlaces = {
  /** Sorted by key. */
  readonly routes: readonly Route[];
  /** All that were claimed, in their order, and behind them those that close places. */
  readonly owners: ReadonlyMap<string, Route>;
  /** By place: what would be the route of it. */
  readonly unserved: ReadonlyMap<TableKey, Route>;
  readonly notices: readonly Notice[];
};

/** What else is known. */
type Beside = {
  readonly owners: ReadonlyMap<string, Route>;
  readonly drafts: ReadonlyMap<BackendName, Draft>;
  readonly matches: Matches;
  /** How many patterns of hosts there may be. */
  readonly mostPatterns: number;
};

/**
 * What was to be closed stays closed where its route is left out: requests to its place would go to another route of the same
 * container, which serves them unprotected. HAProxy answers 403 there. A place that another container serves instead stays as
 * that one says: nobody reaches the container whose route is left out. `routes` are those of HTTP that are served.
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
  readonly unserved = new Map<TableKey, Route>();
  readonly notices: Notice[] = [];
  readonly #byKey: ReadonlyMap<TableKey, Route>;
  readonly #plain: ReadonlyMap<TableKey, Route>;
  readonly #byHost: ReadonlyMap<HostName, readonly Route[]>;
  readonly #variants: ReadonlyMap<TableKey, readonly Route[]>;
  readonly #places: KnownPlaces;
  readonly #hostsAbove: HostsAbove;
  readonly #patterns: Set<HostName>;
  readonly #authors = new Map<BackendName, ReadonlySet<string>>();
  /** Variants by who wrote them. */
  #byAuthor: ReadonlyMap<string, readonly Route[]> | undefined;

  constructor(routes: readonly Route[], readonly beside: Beside) {
    this.#byKey = new Map(routes.map((route) => [route.key, route]));
    const plain = routes.filter((route) => !isPlaced(route));
    this.#plain = new Map(plain.map((route) => [route.key, route]));
    this.#byHost = Map.groupBy(plain, ({ host }) => host);
    this.#variants = Map.groupBy(routes.filter(isPlaced), ({ host, path }) => routeKey(host, path));
    this.#places = new KnownPlaces(routes);
    const patterns = hostPatterns(beside.owners, routes);
    this.#patterns = new Set(patterns);
    this.#hostsAbove = new HostsAbove(patterns, beside.matches);
  }

  add({ guard, routes, authors }: Unserved): void {
    let first: Route | undefined;
    for (const route of routes) {
      for (const place of this.#closes(route, guard, authors)) {
        this.#close(place, guard);
        first ??= place;
      }
    }
    if (first !== undefined) this.notices.push(closedNotice(first, guard));
  }

  /** The places of a route that are closed, each with the backend that would serve it. */
  #closes(route: Route, guard: Guarded, authors: ReadonlySet<string>): readonly Route[] {
    const owner = this.#byKey.get(route.key);
    if (owner !== undefined) {
      // Who is sent elsewhere is not served, and what another one claimed, or its own containers serve, is theirs.
      const isOwn = owner.move === undefined && owner.backend !== guard.name &&
        authors.has(authorOfRoute(owner));
      if (isOwn) return [{ ...route, backend: owner.backend }];
      return guard.isUnclear && owner.move === undefined ? this.#variantsAt(route, authors) : [];
    }
    const instead = this.#instead(route, authors);
    if (instead !== undefined) return [{ ...route, backend: instead.backend }];
    if (isPlaced(route)) return [];
    const before = this.unserved.get(route.key);
    this.unserved.set(route.key, { ...route, backend: guard.name, guard: both(before?.guard, guard) });
    return [
      ...this.#longer(route, authors),
      ...this.#variantsAbove(route, authors),
      ...this.#variantsBelow(route, authors),
    ];
  }

  #close(route: Route, guard: Guarded): void {
    const { host, key } = route;
    // Beyond them HAProxy would be slow for all.
    if (isHostPattern(host) && !this.#patterns.has(host)) {
      if (this.#patterns.size >= this.beside.mostPatterns) return this.#closeAll(route, guard);
      this.#patterns.add(host);
    }
    this.closed.set(key, { ...route, guard: both(this.closed.get(key)?.guard, guard) });
  }

  /** What would serve the hosts of a pattern that has no room, is closed as a whole. */
  #closeAll({ backend }: Route, guard: Guarded): void {
    const all = (this.#byHost.get(EVERY_HOST) ?? []).filter((each) => each.backend === backend);
    for (const each of all) this.closed.set(each.key, { ...each, guard: { ...guard, isUnclear: true } });
  }

  /** The route of the same author that would serve the requests of one that is left out. */
  #instead(route: Route, authors: ReadonlySet<string>): Route | undefined {
    const { host, path } = route;
    const above = this.#places.above(this.#hostsOf(route), path);
    const plain = firstOf(above, this.#plain);
    if (plain !== undefined && this.#isBySame(plain, authors)) return plain;
    if (plain === undefined && this.#hostsAbove.far(host, [route.claimant]) === undefined) {
      // Which pattern comes first is not known.
      const untried = [...this.#patterns, EVERY_HOST].flatMap((each) => this.#byHost.get(each) ?? [])
        .find((each) => isBelow(path, each.path) && this.#isBySame(each, authors));
      if (untried !== undefined) return untried;
    }
    if (isWildcard(host)) {
      const hidden = this.#hostsAbove.mayMatch(host).flatMap((pattern) => this.#byHost.get(pattern) ?? [])
        .find((each) => isBelow(path, each.path) && this.#isBySame(each, authors));
      if (hidden !== undefined) return hidden;
    }
    if (!isPlaced(route)) return undefined;
    return above.flatMap((place) => this.#variants.get(place) ?? []).find((each) =>
      this.#isBySame(each, authors)
    );
  }

  /** Longer paths of the same author, of wildcards and the like above the host: they would serve part of what it asked for. */
  #longer(route: Route, authors: ReadonlySet<string>): readonly Route[] {
    const hosts = this.#hostsOf(route);
    return hosts.slice(1).flatMap((host) => this.#byHost.get(host) ?? []).flatMap((each) => {
      const { path, backend } = each;
      if (path === route.path || !isBelow(path, route.path) || !this.#isBySame(each, authors)) return [];
      const isFirst = firstOf(this.#places.above(hosts, path), this.#plain) === each;
      return isFirst ? [{ ...route, path, key: routeKey(route.host, path), backend }] : [];
    });
  }

  /** Variants of the same author at a place that others serve. */
  #variantsAt({ host, path }: Route, authors: ReadonlySet<string>): readonly Route[] {
    return (this.#variants.get(routeKey(host, path)) ?? []).filter((each) => this.#isBySame(each, authors));
  }

  /** Variants of the same author above a place: they would serve what they ask for there, too. */
  #variantsAbove(route: Route, authors: ReadonlySet<string>): readonly Route[] {
    // Those of the place itself are protected as it is.
    const above = this.#places.above(this.#hostsOf(route), route.path).filter((place) => place !== route.key)
      .flatMap((place) => this.#variants.get(place) ?? [])
      .filter((each) => this.#isBySame(each, authors));
    return above.map((each) => closing(each, route));
  }

  /** The same of hosts that a wildcard or what serves every host is above: HAProxy finds them last while it has the longer path. */
  #variantsBelow(route: Route, authors: ReadonlySet<string>): readonly Route[] {
    const { host, path } = route;
    if (!isWildcard(host) && host !== EVERY_HOST && !isHostPattern(host)) return [];
    return [...authors].flatMap((author) => this.#variantsOf(author)).filter((each) =>
      each.host !== host && isBelow(path, each.path) && this.#hostsOf(each).includes(host)
    ).map((each) => closing(each, { ...route, host: each.host, key: routeKey(each.host, path) }));
  }

  #variantsOf(author: string): readonly Route[] {
    if (this.#byAuthor === undefined) {
      const all = new Map<string, Route[]>();
      for (const each of [...this.#variants.values()].flat()) {
        for (const by of this.#authorsOf(each.backend)) {
          const known = all.get(by);
          if (known === undefined) all.set(by, [each]);
          else known.push(each);
        }
      }
      this.#byAuthor = all;
    }
    return this.#byAuthor.get(author) ?? [];
  }

  /** In the order in which HAProxy looks. */
  #hostsOf({ host, claimant }: Route): readonly HostName[] {
    return [...this.#hostsAbove.near(host), ...this.#hostsAbove.far(host, [claimant]) ?? [EVERY_HOST]];
  }

  #isBySame({ backend }: Route, authors: ReadonlySet<string>): boolean {
    return !authors.isDisjointFrom(this.#authorsOf(backend));
  }

  #authorsOf(backend: BackendName): ReadonlySet<string> {
    let known = this.#authors.get(backend);
    if (known === undefined) {
      const members = this.beside.drafts.get(backend)?.members ?? [];
      this.#authors.set(backend, known = new Set(members.map(({ container }) => authorOf(container))));
    }
    return known;
  }
}

/** What closes a place to a variant of another one; as a whole where each request is drawn, since it would be drawn twice. */
function closing({ variant, backend }: Route, place: Route): Route {
  return variant === undefined || variant.share !== undefined
    ? { ...place, backend }
    : { ...place, variant, key: `?${variant.hash}/${place.key}` as TableKey, backend };
}

/** What two say of one place: where they differ, nobody may come in. */
function both(one: Guarded | undefined, other: Guarded): Guarded {
  if (one === undefined || one === other) return other;
  const isSame = JSON.stringify(one.options) === JSON.stringify(other.options);
  return {
    ...one,
    isUnclear: one.isUnclear || other.isUnclear || !isSame,
    tlsOnlyFor: one.tlsOnlyFor.union(other.tlsOnlyFor),
  };
}

/** One for each route that is left out: the first of its places. */
function closedNotice(route: Route, { isUnclear }: Guarded): Notice {
  const why = isUnclear ? "a mistake hides who may come in there" : "its container has no server for it";
  const message = `${
    routeName(route)
  } answers 403: ${why}, and another route of the container would serve it`;
  return { severity: "warning", code: "closed", subject: route.by, message };
}
