import { BETWEEN_VARIANTS, variantText } from "../keys/variant.ts";
import { EVERY_HOST, isHostPattern } from "../values/host_pattern.ts";
import { type BackendName, type HostName, type PathPrefix, routeKey } from "../values/names.ts";
import { type Notice, quote } from "../values/notice.ts";
import type { TableKey, TableValue } from "../values/table.ts";
import type { PlacedVariants, Route } from "./model.ts";

/** Variants, with the routes that stand for hosts and paths that only variants serve. */
export type FoundVariants = PlacedVariants & {
  readonly only: readonly Route[];
  /** The routes that serve all other requests, by the backend of a variant of them. */
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

/**
 * Finds for each host and path that has variants the route that serves all other requests to it: the longest path of the same
 * host, of its wildcards, or of what serves every host. `owners` has all routes in the order in which they were claimed, of
 * which `routes` are served.
 */
export function placeVariants(owners: ReadonlyMap<string, Route>, routes: readonly Route[]): FoundVariants {
  if (!routes.some(isPlaced)) return NO_VARIANTS;
  const served = new Set(routes);
  const variants = [...owners.values()].filter(isPlaced).filter((route) => served.has(route));
  const plain = new Map(
    routes.filter(({ variant }) => variant === undefined).map((route) => [route.key, route]),
  );
  const places = Map.groupBy(variants, ({ host, path }) => routeKey(host, path));
  const rows = new Map<TableKey, TableValue>();
  const parents = new Map<TableKey, Route>();
  const only: Route[] = [];
  const above = new Map<BackendName, Route[]>();
  const notices: Notice[] = [];
  // Shorter paths first: one of them may serve what is for no variant of a longer one.
  for (const [key, all] of [...places].sort(([a], [b]) => a.length - b.length)) {
    const [first] = all;
    if (first === undefined) continue;
    let parent = parentOf(first, plain);
    if (parent === undefined) {
      const { variant: _, ...rest } = first;
      parent = { ...rest, key, isOnly: true };
      plain.set(key, parent);
      only.push(parent);
    }
    parents.set(key, parent);
    for (const { backend } of all) above.set(backend, [...above.get(backend) ?? [], parent]);
    const between = pathsAbove(first.path).map((path) => routeKey(first.host, path)).filter((place) =>
      place !== key && parents.get(place) === parent
    );
    const inOrder = [key, ...between].flatMap((place) => ordered(places.get(place) ?? []));
    const { text, left } = rowOfVariants(inOrder);
    rows.set(`${parent.backend}|${key}` as TableKey, text);
    notices.push(...all.flatMap((each) => noticesOn(each, plain.get(key), left.includes(each))));
  }
  return { rows, parents: new Set([...parents.values()].map(({ key }) => key)), only, above, notices };
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

function parentOf({ host, path }: Route, plain: ReadonlyMap<TableKey, Route>): Route | undefined {
  for (const name of hostsAbove(host)) {
    for (const above of pathsAbove(path)) {
      const route = plain.get(routeKey(name, above));
      if (route !== undefined) return route;
    }
  }
  return undefined;
}

/** The host, the wildcards that it is below, and what stands for every host: the order in which HAProxy looks. */
function hostsAbove(host: HostName): HostName[] {
  const labels = isHostPattern(host) || host === EVERY_HOST ? [] : host.split(".");
  const wildcards = labels.slice(1).map((_, at) => `*.${labels.slice(at + 1).join(".")}` as HostName);
  return [...new Set([host, ...wildcards, EVERY_HOST])];
}

/** The path and those that it is below, the longest first. */
function pathsAbove(path: PathPrefix): PathPrefix[] {
  const segments = path.split("/");
  return segments.map((_, at) => segments.slice(0, segments.length - at).join("/") as PathPrefix);
}
