import { distance } from "fastest-levenshtein";
import { type Route, routeName } from "../model/model.ts";
import { isWildcard, plainHost } from "../values/names.ts";

/** Routes that are named. */
const MOST_NAMED = 5;

/** Routes near to what a request asks for, where none takes it: the likeliest first, and how many more there are. */
export type NearRoutes = {
  readonly routes: readonly { readonly name: string; readonly claimedBy: string }[];
  readonly more: number;
};

/**
 * The routes that somebody may have meant whose request no route takes: those of the host that have other paths or serve other
 * requests; where it has none, those of hosts that differ by one slip, or by `www.` alone.
 */
export function nearRoutes(host: string, path: string, all: readonly Route[]): NearRoutes {
  const routes = all.filter(({ isOnly }) => isOnly !== true);
  const here = routes.filter((route) => isOf(host, route));
  const near = here.length > 0 ? here : routes.filter((route) => isSlipOf(host, route));
  const sorted = near.map((route) => ({
    route,
    name: routeName(route),
    shared: sharedLength(path, route.path),
  }))
    .sort((a, b) => b.shared - a.shared || a.name.length - b.name.length || (a.name < b.name ? -1 : 1));
  return {
    routes: sorted.slice(0, MOST_NAMED).map(({ name, route }) => ({ name, claimedBy: route.by })),
    more: Math.max(0, sorted.length - MOST_NAMED),
  };
}

const isOf = (host: string, route: Route): boolean =>
  isWildcard(route.host) ? host.endsWith(route.host.slice(1)) : route.host === host;

/** Whether the host of a route is another one by a slip: a letter that is wrong, missing, too many, or in its neighbour's place. */
function isSlipOf(host: string, route: Route): boolean {
  const meant = plainHost(route.host);
  // Of a wildcard, the labels that it names are compared.
  const sought = isWildcard(route.host) ? host.split(".").slice(-meant.split(".").length).join(".") : host;
  if (withoutWww(sought) === withoutWww(meant)) return true;
  if (Math.abs(sought.length - meant.length) > 1) return false;
  const changes = distance(sought, meant);
  return changes === 1 || (changes === 2 && areSwapped(sought, meant));
}

const withoutWww = (host: string): string => host.replace(/^www[.]/, "");

/** Whether two letters that stand side by side changed places. */
function areSwapped(a: string, b: string): boolean {
  const at = [...a].findIndex((letter, index) => letter !== b[index]);
  return a.length === b.length && a.slice(at, at + 2) === `${b[at + 1]}${b[at]}`;
}

/** How many letters two paths have in common at their beginning. */
function sharedLength(a: string, b: string): number {
  let shared = 0;
  while (shared < b.length && a[shared] === b[shared]) shared++;
  return shared;
}
