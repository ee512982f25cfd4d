import type { Backend, Route, RouteOptions } from "./model.ts";
import { type BackendName, type HostName, type PathPrefix, routeKey } from "../values/names.ts";
import { type Notice, quote } from "../values/notice.ts";
import { isHostPattern } from "../values/host_pattern.ts";
import type { TableKey } from "../values/table.ts";

/** Routes that redirect plain HTTP since their host's root does, and the notices about them. */
export type Held = { readonly routes: ReadonlySet<TableKey>; readonly notices: readonly Notice[] };

/** No route is held. */
export const NO_HELD: Held = { routes: new Set(), notices: [] };

/**
 * What was to be closed stays closed on the whole host: where the container at a host's root says `ssl_only`, it holds for
 * the paths and variants that other containers serve there. The root of a host without one of its own is that of the longest wildcard.
 * `owners` has each route by its key.
 */
export function holdTlsOnly(
  backends: readonly Backend[],
  owners: ReadonlyMap<string, Route>,
  unserved: ReadonlyMap<TableKey, Route>,
): Held {
  // A backend of a whole host may serve paths and variants of other hosts too, or redirect them.
  const paths = backends.filter(({ options, routes }) => !options.ssl_only && routes.some(isPart));
  const isHeld = backends.some(({ options }) => options.ssl_only === true) || unserved.size > 0 ||
    owners.values().some(({ guard }) => guard !== undefined);
  if (paths.length === 0 || !isHeld) return NO_HELD;
  const served = new Map(backends.map(({ name, options }) => [name, options]));
  const routes = new Set<TableKey>();
  const notices: Notice[] = [];
  for (const backend of paths) {
    let first: Notice | undefined;
    for (const route of backend.routes) {
      const root = isPart(route) ? rootOf(route.host, owners, served, unserved) : undefined;
      if (root === undefined || !isTlsOnly(root, route, served)) continue;
      routes.add(route.key);
      first ??= heldNotice(route, root);
    }
    if (first !== undefined) notices.push(first);
  }
  return { routes, notices };
}

/** Whether a host's root holds one of its paths to HTTPS. */
function isTlsOnly(
  { guard, backend }: Route,
  { claimant }: Route,
  served: ReadonlyMap<BackendName, RouteOptions>,
): boolean {
  return guard === undefined
    ? served.get(backend)?.ssl_only === true
    : guard.options.ssl_only === true || guard.tlsOnlyFor.has(claimant);
}

const isPart = ({ path, variant }: Route): boolean => path !== "" || variant !== undefined;

function heldNotice({ host, path, by }: Route, root: Route): Notice {
  const message = `ssl_only of the container ${quote(root.by)} at ${root.host}/ holds for ${host}${path} too`;
  return { severity: "info", code: "tls-only-host", subject: by, message };
}

/**
 * The route that answers for a host's `/`: its own, or that of the longest wildcard. One that its container cannot serve as it
 * said counts as well.
 */
function rootOf(
  host: HostName,
  owners: ReadonlyMap<string, Route>,
  served: ReadonlyMap<BackendName, RouteOptions>,
  unserved: ReadonlyMap<TableKey, Route>,
): Route | undefined {
  const labels = isHostPattern(host) ? [host] : host.split(".");
  const wildcards = labels.slice(1).map((_, at) => `*.${labels.slice(at + 1).join(".")}` as HostName);
  for (const name of [host, ...wildcards]) {
    const key = routeKey(name, "" as PathPrefix);
    const owner = owners.get(key);
    if (owner !== undefined && served.has(owner.backend)) return owner;
    const left = unserved.get(key);
    if (left !== undefined) return left;
  }
  return undefined;
}
