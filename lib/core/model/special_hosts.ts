import { isHostPattern } from "../values/host_pattern.ts";
import { type HostName, isWildcard } from "../values/names.ts";
import type { Route } from "./model.ts";

/** The patterns among the hosts, in the order in which they were claimed: HAProxy takes the first that matches. */
export function hostPatterns(
  owners: ReadonlyMap<string, Route>,
  routes: readonly Route[],
): readonly HostName[] {
  if (!routes.some(({ host }) => isHostPattern(host))) return [];
  const served = new Set(routes.map(({ host }) => host));
  const all = new Set([...owners.values()].map(({ host }) => host));
  return [...all].filter((host) => isHostPattern(host) && served.has(host));
}

/** How many labels stand after `*.` in the wildcards in use, most first, so that the longest match wins. */
export function wildcardDepths(routes: readonly Pick<Route, "host">[]): number[] {
  const depths = routes.filter(({ host }) => isWildcard(host)).map(({ host }) => host.split(".").length - 1);
  return [...new Set(depths)].sort((a, b) => b - a);
}
