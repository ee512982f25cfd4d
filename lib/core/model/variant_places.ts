import { BETWEEN_VARIANTS, variantText } from "../keys/variant.ts";
import { type Notice, quote } from "../values/notice.ts";
import { EVERY_HOST, isHostPattern } from "../values/host_pattern.ts";
import { type BackendName, type HostName, isWildcard, type PathPrefix, routeKey } from "../values/names.ts";
import type { TableKey } from "../values/table.ts";
import type { PlacedVariants, Route } from "./model.ts";

/** A route that is a variant of its host and path. */
export type Placed = Route & { readonly variant: NonNullable<Route["variant"]> };

/** Variants, with the routes that stand for hosts and paths that only variants serve. */
export type FoundVariants = PlacedVariants & {
  readonly only: readonly Route[];
  /** The routes that serve all other requests, or would, by the backend of a variant of them. */
  readonly above: ReadonlyMap<BackendName, ReadonlySet<Route>>;
  readonly notices: readonly Notice[];
};

/** No route is a variant. */
export const NO_VARIANTS: FoundVariants = {
  rows: new Map(),
  parents: new Set(),
  only: [],
  above: new Map(),
  notices: [],
};

/** All variants of one host and path, the oldest first. */
export type Place = readonly [key: TableKey, all: readonly [Placed, ...Placed[]]];

/** Whether a route is a variant. */
export const isPlaced = (route: Route): route is Placed => route.variant !== undefined;

/** The hosts and paths that have a route, variants among them. */
export class KnownPlaces {
  /** The longest path first. */
  readonly #byHost = new Map<HostName, Map<PathPrefix, TableKey>>();
  readonly #pathsAbove = new Map<PathPrefix, readonly PathPrefix[]>();

  constructor(routes: readonly Route[]) {
    const sorted = [...routes].sort((a, b) => b.path.length - a.path.length);
    for (const { host, path } of sorted) {
      const paths = this.#byHost.get(host);
      if (paths === undefined) this.#byHost.set(host, new Map([[path, routeKey(host, path)]]));
      else if (!paths.has(path)) paths.set(path, routeKey(host, path));
    }
  }

  /** Those on these hosts that a path is below, or is: every path of one host, the longest first, then those of the next. */
  above(hosts: readonly HostName[], path: PathPrefix): TableKey[] {
    const found: TableKey[] = [];
    for (const host of hosts) {
      const known = this.#byHost.get(host);
      if (known === undefined) continue;
      const above = this.#above(path);
      // Either list may be long: a path has up to a hundred segments, and a host up to a thousand paths.
      if (above.length <= known.size) {
        for (const each of above) {
          const key = known.get(each);
          if (key !== undefined) found.push(key);
        }
      } else for (const [each, key] of known) if (isBelow(path, each)) found.push(key);
    }
    return found;
  }

  #above(path: PathPrefix): readonly PathPrefix[] {
    let above = this.#pathsAbove.get(path);
    if (above === undefined) {
      const segments = path.split("/");
      above = segments.map((_, at) => segments.slice(0, segments.length - at).join("/") as PathPrefix);
      this.#pathsAbove.set(path, above);
    }
    return above;
  }
}

/** Whether a path is another one, or below it. */
export const isBelow = (path: PathPrefix, other: PathPrefix): boolean =>
  path === other || path.startsWith(`${other}/`);

/** The first of the places that a route has. */
export function firstOf(
  places: readonly TableKey[],
  routes: ReadonlyMap<TableKey, Route>,
): Route | undefined {
  for (const place of places) {
    const route = routes.get(place);
    if (route !== undefined) return route;
  }
  return undefined;
}

/** Each place, what serves many hosts first, then shorter paths: it may serve what is for no variant of a longer one. */
export const fromAbove = (places: ReadonlyMap<TableKey, readonly Placed[]>): Place[] =>
  [...places].flatMap(withFirst).sort(([a, [first]], [b, [second]]) =>
    rankOf(first) - rankOf(second) || a.length - b.length
  );

function withFirst([key, [first, ...others]]: [TableKey, readonly Placed[]]): Place[] {
  return first === undefined ? [] : [[key, [first, ...others]]];
}

function rankOf({ host }: Route): number {
  if (host === EVERY_HOST) return 0;
  if (isHostPattern(host)) return 1;
  return isWildcard(host) ? 2 : 3;
}

/** Those with most conditions first, and of equals the oldest. */
export const ordered = (all: readonly Placed[]): Placed[] =>
  [...all].sort((a, b) => b.variant.count - a.variant.count);

const ENCODER = new TextEncoder();

/** Variants as they stand in rows, and their bytes with what is between two. */
export class RowParts {
  readonly #parts = new Map<Placed, { readonly text: string; readonly bytes: number }>();

  /** That of one. */
  of(route: Placed): { readonly text: string; readonly bytes: number } {
    let part = this.#parts.get(route);
    if (part === undefined) {
      const text = variantText(route.key, route.variant);
      part = { text, bytes: ENCODER.encode(text + BETWEEN_VARIANTS).length };
      this.#parts.set(route, part);
    }
    return part;
  }
}

/** What is told of a variant that takes requests from the route of another container. */
export function takesNotice({ host, path, by, claimant }: Placed, plain: Route | undefined): Notice[] {
  if (plain === undefined || plain.claimant === claimant) return [];
  const message = `takes the requests that it asks for from ${
    quote(plain.by)
  }, which serves all others to ${host}${path}/`;
  return [{ severity: "info", code: "variant", subject: by, message }];
}
