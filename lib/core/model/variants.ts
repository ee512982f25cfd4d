import { BETWEEN_VARIANTS, variantText } from "../keys/variant.ts";
import { EVERY_HOST, isHostPattern } from "../values/host_pattern.ts";
import { type BackendName, type HostName, isWildcard, type PathPrefix, routeKey } from "../values/names.ts";
import { type Notice, quote } from "../values/notice.ts";
import type { TableKey, TableValue } from "../values/table.ts";
import { HostsAbove } from "./hosts_above.ts";
import type { PlacedVariants, Route } from "./model.ts";
import { hostPatterns } from "./special_hosts.ts";

/** Variants, with the routes that stand for hosts and paths that only variants serve. */
export type FoundVariants = PlacedVariants & {
  readonly only: readonly Route[];
  /** The routes that serve all other requests, or would, by the backend of a variant of them. */
  readonly above: ReadonlyMap<BackendName, readonly Route[]>;
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

/** In bytes, with room to spare in a row of a table. */
const LONGEST_ROW = 5_900;

type Placed = Route & { readonly variant: NonNullable<Route["variant"]> };

/** The routes that are no variants, by their keys and by their hosts. */
type Plain = {
  readonly byKey: Map<TableKey, Route>;
  readonly byHost: ReadonlyMap<HostName, readonly Route[]>;
  readonly hosts: HostsAbove;
};

/**
 * Finds for each host and path that has variants the route that serves all other requests to it: the longest path of the same
 * host, of its wildcards, of the pattern that matches it, or of what serves every host. `owners` has all routes in the order
 * in which they were claimed, of which `routes` are served.
 */
export function placeVariants(owners: ReadonlyMap<string, Route>, routes: readonly Route[]): FoundVariants {
  if (!routes.some(isPlaced)) return NO_VARIANTS;
  const served = new Set(routes);
  const variants = [...owners.values()].filter(isPlaced).filter((route) => served.has(route));
  const others = routes.filter(({ variant }) => variant === undefined);
  const plain: Plain = {
    byKey: new Map(others.map((route) => [route.key, route])),
    byHost: Map.groupBy(others, ({ host }) => host),
    hosts: new HostsAbove(hostPatterns(owners, routes)),
  };
  const places = Map.groupBy(variants, ({ host, path }) => routeKey(host, path));
  const rows = new Map<TableKey, TableValue>();
  const parents = new Map<TableKey, Route>();
  const only: Route[] = [];
  const above = new Map<BackendName, Route[]>();
  const notices: Notice[] = [];
  for (const [key, all] of [...places].sort(fromAbove)) {
    const [first] = all;
    if (first === undefined) continue;
    let parent = parentOf(first, plain);
    if (parent === undefined) {
      const { variant: _, ...rest } = first;
      parent = { ...rest, key, isOnly: true };
      const own = [parent, ...below(first, plain)];
      for (const route of own) plain.byKey.set(route.key, route);
      only.push(...own);
    }
    parents.set(key, parent);
    const guarding = [parent, ...hiddenBy(first, plain)];
    for (const { backend } of all) above.set(backend, [...above.get(backend) ?? [], ...guarding]);
    const between = placesAbove(first, plain).filter((place) =>
      place !== key && parents.get(place) === parent
    );
    const inOrder = [key, ...between].flatMap((place) => ordered(places.get(place) ?? []));
    const { text, left } = rowOfVariants(inOrder);
    rows.set(`${parent.backend}|${key}` as TableKey, text);
    notices.push(...all.flatMap((each) => noticesOn(each, plain.byKey.get(key), left.includes(each))));
  }
  return { rows, parents: new Set([...parents.values()].map(({ key }) => key)), only, above, notices };
}

/** What serves many hosts first, then shorter paths: it may serve what is for no variant of a longer one. */
function fromAbove([a, [first]]: Place, [b, [second]]: Place): number {
  return rankOf(first) - rankOf(second) || a.length - b.length;
}

type Place = readonly [key: TableKey, all: readonly Placed[]];

function rankOf(route: Route | undefined): number {
  if (route === undefined || route.host === EVERY_HOST) return 0;
  if (isHostPattern(route.host)) return 1;
  return isWildcard(route.host) ? 2 : 3;
}

const isPlaced = (route: Route): route is Placed => route.variant !== undefined;

/** Those with most conditions first, and of equals the oldest. */
const ordered = (all: readonly Placed[]): Placed[] =>
  [...all].sort((a, b) => b.variant.count - a.variant.count);

/** As many variants as a row has room for. */
function rowOfVariants(
  all: readonly Placed[],
): { readonly text: TableValue; readonly left: readonly Placed[] } {
  let text = "";
  for (const [at, { key, variant }] of all.entries()) {
    const more = `${text === "" ? "" : text + BETWEEN_VARIANTS}${variantText(key, variant)}`;
    if (new TextEncoder().encode(more).length > LONGEST_ROW) {
      return { text: text as TableValue, left: all.slice(at) };
    }
    text = more;
  }
  return { text: text as TableValue, left: [] };
}

function noticesOn({ host, path, by }: Placed, plain: Route | undefined, isLeft: boolean): Notice[] {
  const place = `${host}${path}/`;
  if (isLeft) {
    const message =
      `serves no requests to ${place}: its conditions and those of older containers are too long together`;
    return [{ severity: "warning", code: "too-many", subject: by, message }];
  }
  if (plain === undefined || plain.isOnly === true || plain.by === by) return [];
  const message = `takes the requests that it asks for from ${
    quote(plain.by)
  }, which serves all others to ${place}`;
  return [{ severity: "info", code: "variant", subject: by, message }];
}

function parentOf(place: Pick<Route, "host" | "path">, plain: Plain): Route | undefined {
  const found = placesAbove(place, plain).find((key) => plain.byKey.has(key));
  return found === undefined ? undefined : plain.byKey.get(found);
}

/** Hosts and paths in the order in which HAProxy looks for them: every path of one host, then those of the next. */
const placesAbove = ({ host, path }: Pick<Route, "host" | "path">, { hosts }: Plain): TableKey[] =>
  hosts.of(host).flatMap((name) => pathsAbove(path).map((above) => routeKey(name, above)));

/**
 * HAProxy looks no further than to the first host that has a route to the path. Where that is a host with variants alone, the
 * longer paths of the hosts above it are routes of this host too.
 */
function below({ host, path }: Placed, plain: Plain): Route[] {
  const others = plain.hosts.of(host).filter((name) => name !== host)
    .flatMap((name) => plain.byHost.get(name) ?? []);
  const paths = others.filter((route) => route.path.startsWith(`${path}/`)).map((route) => route.path);
  return [...new Set(paths)].flatMap((path) => {
    const key = routeKey(host, path);
    const route = plain.byKey.has(key) ? undefined : parentOf({ host, path }, plain);
    // The row of a redirect is by its own host.
    const isPart = route !== undefined && route.isOnly !== true && route.move === undefined;
    return isPart ? [{ ...route, key, host, path }] : [];
  });
}

/** The routes of patterns whose hosts a wildcard with variants may hide: what protects them holds for the variants. */
function hiddenBy({ host, path }: Placed, { byHost, hosts }: Plain): Route[] {
  if (!isWildcard(host)) return [];
  const above = new Set(pathsAbove(path));
  return hosts.mayMatch(host).flatMap((name) => byHost.get(name) ?? []).filter((route) =>
    above.has(route.path)
  );
}

/** The path and those that it is below, the longest first. */
function pathsAbove(path: PathPrefix): PathPrefix[] {
  const segments = path.split("/");
  return segments.map((_, at) => segments.slice(0, segments.length - at).join("/") as PathPrefix);
}
