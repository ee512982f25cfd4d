import { BETWEEN_VARIANTS, CLOSED_VARIANT, variantText } from "../keys/variant.ts";
import { EVERY_HOST, isHostPattern } from "../values/host_pattern.ts";
import { type BackendName, type HostName, isWildcard, type PathPrefix, routeKey } from "../values/names.ts";
import { type Notice, quote } from "../values/notice.ts";
import type { TableKey, TableValue } from "../values/table.ts";
import { HostsAbove, type Matches } from "./hosts_above.ts";
import type { PlacedVariants, Route } from "./model.ts";
import { hostPatterns } from "./special_hosts.ts";

/** Variants, with the routes that stand for hosts and paths that only variants serve. */
export type FoundVariants = PlacedVariants & {
  readonly only: readonly Route[];
  /** The routes that serve all other requests, or would, by the backend of a variant of them. */
  readonly above: ReadonlyMap<BackendName, ReadonlySet<Route>>;
  readonly notices: readonly Notice[];
};

/** No route is a variant. */
const NO_VARIANTS: FoundVariants = {
  rows: new Map(),
  parents: new Set(),
  only: [],
  above: new Map(),
  notices: [],
};

/** In bytes, with room to spare in a row of a table: for what closes it, too. */
const LONGEST_ROW = 5_900;

type Placed = Route & { readonly variant: NonNullable<Route["variant"]> };

/** All variants of one host and path, the oldest first. */
type Place = readonly [key: TableKey, all: readonly [Placed, ...Placed[]]];

/** What else is known. */
export type Beside = {
  readonly matches: Matches;
  /** Whether a route has a guard that another has not, or not so; none has any of its own for `undefined`. */
  readonly protectsMore: (route: Route, other: Route | undefined) => boolean;
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
  for (const place of [...placing.places].flatMap(withFirst).sort(fromAbove)) placing.place(place);
  return placing;
}

class Placing implements FoundVariants {
  readonly rows = new Map<TableKey, TableValue>();
  readonly parents = new Set<TableKey>();
  readonly only: Route[] = [];
  readonly above = new Map<BackendName, Set<Route>>();
  readonly notices: Notice[] = [];
  readonly places: ReadonlyMap<TableKey, readonly Placed[]>;
  /** The routes that are no variants. */
  readonly #plain: ReadonlyMap<TableKey, Route>;
  /** Those that stand for variants alone, by the place that they stand for. */
  readonly #alone = new Map<TableKey, Route>();
  readonly #byHost: ReadonlyMap<HostName, readonly Route[]>;
  readonly #hosts: ReadonlySet<HostName>;
  readonly #parentOf = new Map<TableKey, Route>();
  readonly #age: ReadonlyMap<Placed, number>;
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
    this.#hosts = new Set([...this.#byHost.keys(), ...variants.map(({ host }) => host)]);
    this.#age = new Map(variants.map((route, at) => [route, at]));
  }

  place([key, all]: Place): void {
    const [first] = all;
    const found = this.#find(first, all);
    if (found === undefined) return this.#leaveOut([key, all]);
    const { parent, above } = found;
    const serves = parent ?? this.#addOnly(first, key);
    this.parents.add(serves.key);
    this.#parentOf.set(key, serves);
    const guarding = [serves, ...this.#hiddenBy(first)];
    for (const { backend } of all) {
      const before = this.above.get(backend) ?? new Set();
      this.above.set(backend, before);
      for (const route of guarding) before.add(route);
    }
    const between = above.filter((place) => place !== key && this.#parentOf.get(place) === serves);
    const inOrder = [key, ...between].flatMap((place) => ordered(this.places.get(place) ?? []));
    const { text, left } = this.#rowOf(inOrder, serves);
    this.rows.set(rowKey(serves, key), text);
    for (const each of all) {
      if (!left.has(each)) this.notices.push(...takesNotice(each, this.#plain.get(key)));
    }
    for (const each of left) this.#tellLeft(each, first, serves);
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
    const near = this.#placesOn(this.hostsAbove.near(host), path);
    const found = firstOf(near, this.#plain);
    if (found !== undefined) return { parent: found, above: near };
    const hosts = this.hostsAbove.far(host, new Set(all.map(({ by }) => by)));
    if (hosts === undefined) return undefined;
    const far = this.#placesOn(hosts, path);
    const above = [...near, ...far];
    return { parent: firstOf(far, this.#plain) ?? firstOf(above, this.#alone), above };
  }

  /** Every path of one host, then those of the next. */
  #placesOn(hosts: readonly HostName[], path: PathPrefix): TableKey[] {
    const known = hosts.filter((host) => this.#hosts.has(host));
    if (known.length === 0) return [];
    const paths = pathsAbove(path);
    return known.flatMap((host) => paths.map((above) => routeKey(host, above)));
  }

  /**
   * A host and path that variants alone serve. HAProxy looks no further than to the first host that has a route to the path,
   * and a host above may have longer paths: this one has a key that HAProxy looks for last.
   */
  #addOnly({ variant: _, ...rest }: Placed, key: TableKey, isClosed = false): Route {
    const route: Route = { ...rest, key: isClosed ? key : `?only/${key}` as TableKey, isOnly: true };
    this.only.push(route);
    if (!isClosed) this.#alone.set(key, route);
    return route;
  }

  /** Nobody knows which pattern serves its other requests: where it is guarded, all of them are refused. */
  #leaveOut([key, all]: Place): void {
    const [first] = all;
    const isClosed = all.some((each) => this.beside.protectsMore(each, undefined));
    if (isClosed) {
      const route = this.#addOnly(first, key, true);
      this.parents.add(key);
      this.rows.set(rowKey(route, key), CLOSED_VARIANT as TableValue);
    }
    for (const { by, host } of all) {
      if (this.#told.has(by)) continue;
      this.#told.add(by);
      const message =
        `serves no requests to ${host} and other hosts of it: it names more hosts than can be ` +
        `tried against all patterns of hosts${isClosed ? "; they answer 403" : ""}`;
      this.notices.push({ severity: "warning", code: "too-many", subject: by, message });
    }
  }

  /**
   * As many variants as a row has room for, the oldest; those with most conditions are tried first. Where one has no room that
   * protects more than what would serve its requests, the row ends with what refuses them.
   */
  #rowOf(inOrder: readonly Placed[], parent: Route): { text: TableValue; left: ReadonlySet<Placed> } {
    const texts = new Map<Placed, string>();
    let bytes = 0;
    for (const each of [...inOrder].sort((a, b) => this.#ageOf(a) - this.#ageOf(b))) {
      const text = variantText(each.key, each.variant);
      bytes += ENCODER.encode(text + BETWEEN_VARIANTS).length;
      if (bytes > LONGEST_ROW) break;
      texts.set(each, text);
    }
    const left = new Set(inOrder.filter((each) => !texts.has(each)));
    const kept = inOrder.flatMap((each) => texts.get(each) ?? []);
    if (this.#areClosed(left, parent)) kept.push(CLOSED_VARIANT);
    return { text: kept.join(BETWEEN_VARIANTS) as TableValue, left };
  }

  #areClosed(left: ReadonlySet<Placed>, parent: Route): boolean {
    if (parent.isOnly === true) return false;
    for (const each of left) if (this.beside.protectsMore(each, parent)) return true;
    return false;
  }

  #ageOf(route: Placed): number {
    return this.#age.get(route) ?? 0;
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
    if (!isClosed || parent.by === left.by || this.#told.has(told)) return;
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
    const above = new Set(pathsAbove(path));
    return this.hostsAbove.mayMatch(host).flatMap((name) => this.#byHost.get(name) ?? []).filter((route) =>
      above.has(route.path) || route.path.startsWith(`${path}/`)
    );
  }
}

function firstOf(places: readonly TableKey[], routes: ReadonlyMap<TableKey, Route>): Route | undefined {
  const found = places.find((place) => routes.has(place));
  return found === undefined ? undefined : routes.get(found);
}

const ENCODER = new TextEncoder();

const rowKey = ({ backend }: Route, place: TableKey): TableKey => `${backend}|${place}` as TableKey;

const isPlaced = (route: Route): route is Placed => route.variant !== undefined;

function withFirst([key, [first, ...others]]: [TableKey, readonly Placed[]]): Place[] {
  return first === undefined ? [] : [[key, [first, ...others]]];
}

/** What serves many hosts first, then shorter paths: it may serve what is for no variant of a longer one. */
function fromAbove([a, [first]]: Place, [b, [second]]: Place): number {
  return rankOf(first) - rankOf(second) || a.length - b.length;
}

function rankOf({ host }: Route): number {
  if (host === EVERY_HOST) return 0;
  if (isHostPattern(host)) return 1;
  return isWildcard(host) ? 2 : 3;
}

/** Those with most conditions first, and of equals the oldest. */
const ordered = (all: readonly Placed[]): Placed[] =>
  [...all].sort((a, b) => b.variant.count - a.variant.count);

function takesNotice({ host, path, by }: Placed, plain: Route | undefined): Notice[] {
  if (plain === undefined || plain.by === by) return [];
  const message = `takes the requests that it asks for from ${
    quote(plain.by)
  }, which serves all others to ${host}${path}/`;
  return [{ severity: "info", code: "variant", subject: by, message }];
}

/** The path and those that it is below, the longest first. */
function pathsAbove(path: PathPrefix): PathPrefix[] {
  const segments = path.split("/");
  return segments.map((_, at) => segments.slice(0, segments.length - at).join("/") as PathPrefix);
}
