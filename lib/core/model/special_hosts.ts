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

/** How many labels a wildcard may have that HAProxy looks up without a rule of its own for their number. */
const WILDCARD_LABELS = 6;

/**
 * For how many labels after `*.` HAProxy looks up wildcards, most first, so that the longest match wins: always a few, so that
 * the first wildcard is no reload, and more where one has more.
 */
export function wildcardDepths(routes: readonly Pick<Route, "host">[]): number[] {
  const depths = routes.filter(({ host }) => isWildcard(host)).map(({ host }) => host.split(".").length - 1);
  return [...new Set([...ALWAYS, ...depths])].sort((a, b) => b - a);
}

const ALWAYS = Array.from({ length: WILDCARD_LABELS }, (_, at) => at + 1);
