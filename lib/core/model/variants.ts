import { BETWEEN_VARIANTS, CLOSED_VARIANT } from "../keys/variant.ts";
import { EVERY_HOST, isHostPattern } from "../values/host_pattern.ts";
import { type BackendName, type HostName, isWildcard, routeKey } from "../values/names.ts";
import { type Notice, quote } from "../values/notice.ts";
import type { TableKey, TableValue } from "../values/table.ts";
import { HostsAbove, type Matches } from "./hosts_above.ts";
import type { Claimant, Route } from "./model.ts";
import { hostPatterns } from "./special_hosts.ts";
import { bareRows } from "./bare_places.ts";
import { VariantGuards } from "./variant_guards.ts";
import {
  firstOf,
  type FoundVariants,
  fromAbove,
  isBelow,
  isPlaced,
  KnownPlaces,
  NO_VARIANTS,
  ordered,
  type Place,
  type Placed,
  RowParts,
  takesNotice,
} from "./variant_places.ts";

/** In bytes, with room to spare in a row of a table: for what closes it, too. */
const LONGEST_ROW = 5_900;

/** Variants of one container above a host and path: each takes part in the rows of all below it, a thousand in half a million. */
const MOST_ABOVE = 32;

/** What else is known. */
export type Beside = {
  readonly matches: Matches;
  /** Whether a route has a guard that another has not, or not so; none has any of its own for `undefined`. */
  readonly protectsMore: (route: Route, other: Route | undefined) => boolean;
  /** What protects places that no container serves, by place. */
  readonly unserved: ReadonlyMap<TableKey, Route>;
};

/**
 * Finds for each host and path that has variants the route that serves all other requests to it: the longest path of the same
 * host, of its wildcards, of the pattern that matches it, or of what serves every host. `owners` has all routes in the order
 * in which they were claimed, of which `routes` are served.
 */
export function placeVariants(
  owners: ReadonlyMap<string, Route>,
  routes: readonly Route[],
  beside: Beside,
): FoundVariants {
  if (!routes.some(isPlaced)) return NO_VARIANTS;
  const served = new Set(routes);
  const variants = [...owners.values()].filter(isPlaced).filter((route) => served.has(route));
  const placing = new Placing(
    variants,
    routes.filter(({ variant }) => variant === undefined),
    new HostsAbove(hostPatterns(owners, routes), beside.matches),
    beside,
  );
  for (const place of fromAbove(placing.places)) placing.place(place);
  placing.fill();
  return placing;
}

class Placing implements FoundVariants {
  readonly rows = new Map<TableKey, TableValue>();
  readonly parents = new Set<TableKey>();
  readonly only: Route[] = [];
  readonly above: ReadonlyMap<BackendName, ReadonlySet<Route>>;
  readonly notices: Notice[] = [];
  readonly places: ReadonlyMap<TableKey, readonly Placed[]>;
  /** The routes that are no variants. */
  readonly #plain: ReadonlyMap<TableKey, Route>;
  /** Those that stand for variants alone, by the place that they stand for. */
  readonly #alone = new Map<TableKey, Route>();
  readonly #byHost: ReadonlyMap<HostName, readonly Route[]>;
  readonly #variantsByHost: ReadonlyMap<HostName, readonly Placed[]>;
  readonly #known: KnownPlaces;
  readonly #guards: VariantGuards;
  readonly #bys: ReadonlyMap<TableKey, ReadonlySet<Claimant>>;
  /** Places of wildcards whose variants take their requests from patterns too. */
  readonly #behind = new Set<TableKey>();
  readonly #parentOf = new Map<TableKey, Route>();
  readonly #ageOf: (route: Placed) => number;
  readonly #parts = new RowParts();
  readonly #told = new Set<Placed | string>();

  constructor(
    variants: readonly Placed[],
    others: readonly Route[],
    readonly hostsAbove: HostsAbove,
    readonly beside: Beside,
  ) {
    this.places = Map.groupBy(variants, ({ host, path }) => routeKey(host, path));
    this.#plain = new Map(others.map((route) => [route.key, route]));
    this.#byHost = Map.groupBy(others, ({ host }) => host);
    this.#variantsByHost = Map.groupBy(variants, ({ host }) => host);
    this.#known = new KnownPlaces([...others, ...variants, ...beside.unserved.values()]);
    this.#bys = new Map(
      [...this.places].map(([key, all]) => [key, new Set(all.map(({ claimant }) => claimant))]),
    );
    const ages = new Map(variants.map((route, at) => [route, at]));
    this.#ageOf = (route) => ages.get(route) ?? 0;
    this.#guards = new VariantGuards(beside.protectsMore, this.#ageOf);
    this.above = this.#guards.above;
  }

  place([key, all]: Place): void {
    const [first] = all;
    if (this.#isTooDeep([key, all])) return this.#leaveOut([key, all], this.#plain.get(key), TOO_DEEP);
    const found = this.#find(first, all);
    if (found === undefined) return this.#leaveOut([key, all], undefined, UNTRIED);
    const { parent, above } = found;
    this.#guards.addUnserved(all, above, parent, this.beside.unserved);
    const serves = parent ?? this.#addOnly(first, key);
    this.parents.add(serves.key);
    this.#parentOf.set(key, serves);
    const hidden = this.#hiddenBy(first);
    for (const each of all) for (const route of [serves, ...hidden]) this.#guards.add(each, route);
    const between = above.filter((place) => place !== key && this.#parentOf.get(place) === serves);
    const inOrder = [key, ...between].flatMap((place) => ordered(this.places.get(place) ?? []));
    const { text, left } = this.#rowOf(inOrder, serves, hidden);
    this.rows.set(rowKey(serves, key), text);
    if (isWildcard(first.host) && (serves.isOnly === true || serves.host === EVERY_HOST)) {
      this.#addBehind(first, key, text);
    }
    this.#guards.addOlder(inOrder.filter((each) => !left.has(each)));
    this.#guards.addBeside(all, this.#besideRow(first, key, serves, above));
    for (const each of all) {
      if (!left.has(each)) this.notices.push(...takesNotice(each, this.#plain.get(key)));
    }
    for (const each of left) this.#tellLeft(each, first, serves);
  }

  /** Gives places of parents the rows without which others' would count there. */
  fill(): void {
    const above = ({ host, path, claimant }: Route) =>
      this.#known.above(
        [...this.hostsAbove.near(host), ...this.hostsAbove.far(host, [claimant]) ?? []],
        path,
      );
    for (const [key, row] of bareRows(this.#parentOf.values(), this.rows, rowKey, above)) {
      this.rows.set(key, row);
    }
  }

  /** Whether each container that names a place names too many above it. */
  #isTooDeep([key, all]: Place): boolean {
    const [{ host, path }] = all;
    const near = this.hostsAbove.near(host);
    return all.every(({ claimant }) => {
      let own = 0;
      for (const each of near) {
        for (const place of this.#known.above([each], path)) {
          if (place !== key && this.#bys.get(place)?.has(claimant) === true) own++;
        }
        if (own > MOST_ABOVE) return true;
      }
      return false;
    });
  }

  /** Variants that HAProxy tries before or behind those of a place, without a row in common. */
  #besideRow({ host, path }: Placed, key: TableKey, serves: Route, above: readonly TableKey[]): Placed[] {
    if (isWildcard(host)) {
      return this.hostsAbove.mayMatch(host).flatMap((name) => this.#variantsByHost.get(name) ?? [])
        .filter((other) => isBelow(other.path, path) || isBelow(path, other.path));
    }
    if (isHostPattern(host)) {
      return (this.#variantsByHost.get(EVERY_HOST) ?? []).filter((other) => isBelow(path, other.path));
    }
    if (!isHostPattern(serves.host)) return [];
    return above.filter((place) => place !== key && this.#behind.has(place))
      .flatMap((place) => this.places.get(place) ?? []);
  }

  /** A pattern, or what serves every host, has no key of a wildcard: HAProxy finds the variants of one behind ?wild/. */
  #addBehind({ variant: _, guard: __, ...rest }: Placed, key: TableKey, text: TableValue): void {
    const route: Route = { ...rest, key: `?wild/${key}` as TableKey, isOnly: true };
    this.only.push(route);
    this.parents.add(route.key);
    this.#behind.add(key);
    this.rows.set(rowKey(route, key), text);
  }

  /**
   * What serves all other requests, and the places above in the order in which HAProxy looks for them. It looks for what stands
   * for variants alone where nothing else has a route to the path: a younger one of these takes no variant from a wildcard.
   * Nothing where nobody knows which pattern comes before what serves every host.
   */
  #find(
    { host, path }: Placed,
    all: readonly Placed[],
  ): { readonly parent: Route | undefined; readonly above: TableKey[] } | undefined {
    const near = this.#known.above(this.hostsAbove.near(host), path);
    const found = firstOf(near, this.#plain);
    if (found !== undefined) return { parent: found, above: near };
    const hosts = this.hostsAbove.far(host, new Set(all.map(({ claimant }) => claimant)));
    if (hosts === undefined) return undefined;
    const far = this.#known.above(hosts, path);
    const above = [...near, ...far];
    return { parent: firstOf(far, this.#plain) ?? firstOf(above, this.#alone), above };
  }

  /**
   * A host and path that variants alone serve. HAProxy looks no further than to the first host that has a route to the path,
   * and a host above may have longer paths: this one has a key that HAProxy looks for last.
   */
  #addOnly({ variant: _, guard: __, ...rest }: Placed, key: TableKey, isClosed = false): Route {
    const route: Route = { ...rest, key: isClosed ? key : `?only/${key}` as TableKey, isOnly: true };
    this.only.push(route);
    if (!isClosed) this.#alone.set(key, route);
    return route;
  }

  /** Where one of them is protected, all requests to it are refused; others have no row, and go where they went without it. */
  #leaveOut([key, all]: Place, parent: Route | undefined, why: string): void {
    const [first] = all;
    const isClosed = all.some((each) => this.beside.protectsMore(each, parent));
    if (isClosed) {
      const route = parent ?? this.#addOnly(first, key, true);
      this.parents.add(route.key);
      this.rows.set(rowKey(route, key), CLOSED_VARIANT as TableValue);
    }
    for (const { by, claimant, host } of all) {
      if (this.#told.has(claimant)) continue;
      this.#told.add(claimant);
      const message = `serves no requests to ${host} and other hosts of it: ${why}${
        isClosed ? "; they answer 403" : ""
      }`;
      this.notices.push({ severity: "warning", code: "too-many", subject: by, message });
    }
  }

  /**
   * As many variants as a row has room for, the oldest; those with most conditions are tried first. Where one has no room that
   * protects more than what would serve its requests, the row ends with what refuses them.
   */
  #rowOf(
    inOrder: readonly Placed[],
    parent: Route,
    hidden: readonly Route[],
  ): { text: TableValue; left: ReadonlySet<Placed> } {
    const texts = new Map<Placed, string>();
    let bytes = 0;
    for (const each of inOrder.toSorted((a, b) => this.#ageOf(a) - this.#ageOf(b))) {
      const part = this.#parts.of(each);
      bytes += part.bytes;
      if (bytes > LONGEST_ROW) break;
      texts.set(each, part.text);
    }
    const left = new Set(inOrder.filter((each) => !texts.has(each)));
    const kept = inOrder.flatMap((each) => texts.get(each) ?? []);
    const others = parent.isOnly === true ? hidden : [parent, ...hidden];
    if (others.some((other) => this.#areClosed(left, other))) kept.push(CLOSED_VARIANT);
    return { text: kept.join(BETWEEN_VARIANTS) as TableValue, left };
  }

  #areClosed(left: ReadonlySet<Placed>, parent: Route): boolean {
    for (const each of left) if (this.beside.protectsMore(each, parent)) return true;
    return false;
  }

  /** One notice for each variant, and one for a route that answers 403 for it. */
  #tellLeft(left: Placed, { host, path }: Placed, parent: Route): void {
    if (this.#told.has(left)) return;
    this.#told.add(left);
    const place = `${host}${path}/`;
    const isClosed = parent.isOnly !== true && this.beside.protectsMore(left, parent);
    const message =
      `serves no requests to ${place}: its conditions and those of older containers are too long ` +
      `together${isClosed ? "; since it is protected, what is for no older one answers 403" : ""}`;
    this.notices.push({ severity: "warning", code: "too-many", subject: left.by, message });
    const told = `${parent.by} ${place}`;
    if (!isClosed || parent.claimant === left.claimant || this.#told.has(told)) return;
    this.#told.add(told);
    const why = `answers 403 to ${place} but for what its variants serve: the one of ${quote(left.by)} is ` +
      "protected, and has no room beside older ones";
    this.notices.push({ severity: "warning", code: "too-many", subject: parent.by, message: why });
  }

  /**
   * The routes of patterns that may serve hosts of a wildcard with variants: what protects them holds for the variants, which may
   * take requests to longer paths of theirs too.
   */
  #hiddenBy({ host, path }: Placed): Route[] {
    if (!isWildcard(host)) return [];
    return this.hostsAbove.mayMatch(host).flatMap((name) => this.#byHost.get(name) ?? []).filter((route) =>
      isBelow(path, route.path) || isBelow(route.path, path)
    );
  }
}

const UNTRIED = "it names more hosts than can be tried against all patterns of hosts";
const TOO_DEEP = `it has variants of more than ${MOST_ABOVE} hosts and paths above one`;

const rowKey = ({ backend }: Route, place: TableKey): TableKey => `${backend}|${place}` as TableKey;
