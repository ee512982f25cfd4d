import type { Backend, Route, RouteOptions } from "./model.ts";
import { type BackendName, type HostName, type PathPrefix, routeKey } from "../values/names.ts";
import { type Notice, quote } from "../values/notice.ts";
import { isHostPattern } from "../values/host_pattern.ts";
import type { TableKey } from "../values/table.ts";

/** Routes that redirect plain HTTP since their host's root does, and what their containers are told. */
export type Held = { readonly routes: ReadonlySet<TableKey>; readonly notices: readonly Notice[] };

/** No route is held. */
export const NO_HELD: Held = { routes: new Set(), notices: [] };

/**
 * What was to be closed stays closed on the whole host: where the container at a host's root says `ssl_only`, it holds for
 * the paths and variants that other containers serve there. The root of a host without one of its own is that of the longest wildcard.
 * `owners` has each route by its key.
 */
export function holdTlsOnly(backends: readonly Backend[], owners: ReadonlyMap<string, Route>): Held {
  const paths = backends.filter(({ path, options, routes }) =>
    (path !== "" || routes.some(({ variant }) => variant !== undefined)) && !options.ssl_only
  );
  if (paths.length === 0 || !backends.some(({ options }) => options.ssl_only === true)) return NO_HELD;
  const served = new Map(backends.map(({ name, options }) => [name, options]));
  const routes = new Set<TableKey>();
  const notices: Notice[] = [];
  for (const backend of paths) {
    let first: Route | undefined;
    for (const { key, host } of backend.routes) {
      const root = rootOf(host, owners, served);
      if (root === undefined || served.get(root.backend)?.ssl_only !== true) continue;
      routes.add(key);
      first ??= root;
    }
    if (first !== undefined) notices.push(heldNotice(backend, first));
  }
  return { routes, notices };
}

function heldNotice(backend: Backend, root: Route): Notice {
  const by = backend.routes.find(({ host, path }) => host === backend.host && path === backend.path)?.by ??
    "";
  const message = `ssl_only of the container ${
    quote(root.by)
  } at ${root.host}/ holds for ${backend.host}${backend.path} too`;
  return { severity: "info", code: "tls-only-host", subject: by, message };
}

/** The route that answers for a host's `/`: its own, or that of the longest wildcard. */
function rootOf(
  host: HostName,
  owners: ReadonlyMap<string, Route>,
  served: ReadonlyMap<BackendName, RouteOptions>,
): Route | undefined {
  const labels = isHostPattern(host) ? [host] : host.split(".");
  const wildcards = labels.slice(1).map((_, at) => `*.${labels.slice(at + 1).join(".")}` as HostName);
  for (const name of [host, ...wildcards]) {
    const owner = owners.get(routeKey(name, "" as PathPrefix));
    if (owner !== undefined && served.has(owner.backend)) return owner;
  }
  return undefined;
}
