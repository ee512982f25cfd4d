import { canonicalHosts, isPattern } from "../keys/redirect.ts";
import type { RouteData } from "../keys/route_data.ts";
import type { ContainerView } from "../snapshot/snapshot.ts";
import { type BackendName, type HostName, type PathPrefix, routeKey } from "../values/names.ts";
import type { Route } from "./model.ts";

/** The route of a host and a path, for a container that asks for it. */
export function routeOf(
  container: ContainerView,
  host: HostName,
  path: PathPrefix,
  backend: BackendName,
): Route {
  return { key: routeKey(host, path), host, path, backend, by: container.name };
}

const NONE: readonly Route[] = [];

/** What else leads to the backend of a container's own route, each once: its other hosts, and what it redirects. */
export function aliasesOf(container: ContainerView, own: Route, data: RouteData): readonly Route[] {
  const { alias_domains: aliases = [], canonical_host: canonical, redirects = [] } = data;
  if (aliases.length === 0 && canonical === undefined && redirects.length === 0) return NONE;
  const { host, path, backend } = own;
  const hosts = canonical === undefined ? aliases : [...aliases, ...canonicalHosts(host, canonical)];
  const routes = new Map<string, Route>();
  const add = (route: Route) => {
    if (route.key !== own.key && !routes.has(route.key)) routes.set(route.key, route);
  };
  for (const alias of hosts) add(routeOf(container, alias, path, backend));
  for (const redirect of redirects) {
    if (isPattern(redirect)) continue;
    add({ ...routeOf(container, redirect.host, redirect.path, backend), move: redirect.move });
  }
  return [...routes.values()];
}
