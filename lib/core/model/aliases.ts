import { canonicalHosts, isPattern } from "../keys/redirect.ts";
import type { RouteData } from "../keys/route_data.ts";
import type { ContainerView } from "../snapshot/snapshot.ts";
import type { Variant } from "../keys/variant.ts";
import type { TableKey } from "../values/table.ts";
import { EVERY_HOST } from "../values/host_pattern.ts";
import { type BackendName, type HostName, type PathPrefix, routeKey } from "../values/names.ts";
import { claimantOf } from "./claims.ts";
import type { Route } from "./model.ts";

/**
 * The route of a host and a path, for a container that asks for it. The key of a variant begins with a mark and its hash: no
 * client can ask for such a host.
 */
export function routeOf(
  container: ContainerView,
  host: HostName,
  path: PathPrefix,
  backend: BackendName,
  variant?: Variant,
): Route {
  const key = routeKey(host, path);
  const route = { key, host, path, backend, by: container.name, claimant: claimantOf(container) };
  return variant === undefined ? route : { ...route, key: `?${variant.hash}/${key}` as TableKey, variant };
}

const NONE: readonly Route[] = [];

/** What else leads to the backend of a container's own route, each once: its other hosts and paths, and what it redirects. */
export function aliasesOf(container: ContainerView, own: Route, data: RouteData): readonly Route[] {
  // Most containers say nothing: no list is made for them.
  if (!data.isExplicit) return NONE;
  const { context_root: paths = [own.path], redirects = [] } = data;
  const hosts = hostsOf(own.host, data);
  if (hosts.length === 1 && paths.length === 1 && redirects.length === 0) return NONE;
  const routes = new Map<string, Route>();
  const add = (route: Route) => {
    if (route.key !== own.key && !routes.has(route.key)) routes.set(route.key, route);
  };
  for (const host of hosts) {
    for (const path of paths) {
      add(routeOf(container, host, path, own.backend, own.variant));
    }
  }
  for (const redirect of redirects) {
    if (isPattern(redirect)) continue;
    add({ ...routeOf(container, redirect.host, redirect.path, own.backend), move: redirect.move });
  }
  return [...routes.values()];
}

/** The hosts of a route, its own one first. */
function hostsOf(own: HostName, data: RouteData): readonly HostName[] {
  const { hosts = NO_HOSTS, alias_domains: aliases = NO_HOSTS, canonical_host: canonical } = data;
  const { host_regex: patterns = NO_HOSTS, default_host: isDefault = false } = data;
  return [
    ...[own, ...hosts, ...aliases],
    ...canonical === undefined ? NO_HOSTS : canonicalHosts(own, canonical),
    ...patterns,
    ...isDefault ? [EVERY_HOST] : NO_HOSTS,
  ];
}

const NO_HOSTS: readonly HostName[] = [];
