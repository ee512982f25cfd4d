import type { Complaints } from "../values/complaints.ts";
import { isPattern } from "../keys/redirect.ts";
import type { RouteData } from "../keys/route_data.ts";

/** Aliases of one container, as many as it may have labels; each is a route that every pass goes through. */
const MOST_ALIASES = 1_024;
/** Redirects of hosts and paths: each is a route as well. */
const MOST_REDIRECTS = 1_024;
/** Patterns: HAProxy goes through all of them, one after the other, for each request to a route that has one. */
const MOST_PATTERNS = 32;

/** Leaves out what one container asks for beyond the bounds. */
export function boundHosts(routes: RouteData[], complaints: Complaints): void {
  const aliases = new Bound(MOST_ALIASES, "aliases");
  const redirects = new Bound(MOST_REDIRECTS, "redirects");
  const patterns = new Bound(MOST_PATTERNS, "redirects by patterns");
  for (const [at, route] of routes.entries()) {
    const { alias_domains: hosts, redirects: moves } = route;
    if (hosts === undefined && moves === undefined) continue;
    const kept = hosts?.filter(() => aliases.hasRoom());
    const keptMoves = moves?.filter((each) => (isPattern(each) ? patterns : redirects).hasRoom());
    const isWhole = kept?.length === hosts?.length && keptMoves?.length === moves?.length;
    if (isWhole) continue;
    routes[at] = {
      ...route,
      ...(kept !== undefined && { alias_domains: kept }),
      ...(keptMoves !== undefined && { redirects: keptMoves }),
    };
  }
  for (const bound of [aliases, redirects, patterns]) bound.tell(complaints);
}

/** Counts what is asked for. */
class Bound {
  #asked = 0;

  constructor(readonly most: number, readonly what: string) {}

  hasRoom(): boolean {
    return ++this.#asked <= this.most;
  }

  tell(complaints: Complaints): void {
    const { most, what } = this;
    if (this.#asked <= most) return;
    complaints.warn("too-many", () => `asks for ${this.#asked} ${what}, at most ${most} are served`);
  }
}
