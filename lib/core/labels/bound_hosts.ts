import type { Complaints } from "../values/complaints.ts";
import { isPattern, MOST_PATTERNS } from "../keys/redirect.ts";
import type { RouteData } from "../keys/route_data.ts";

/** Aliases of one container, as many as it may have labels; each is a route that every pass goes through. */
const MOST_ALIASES = 1_024;
/** Hosts by expressions: HAProxy goes through all of them for a host that it finds in no other way. */
const MOST_EXPRESSIONS = 8;
/** Redirects of hosts and paths: each is a route as well. */
const MOST_REDIRECTS = 1_024;

/** Leaves out what one container asks for beyond the bounds. */
export function boundHosts(routes: RouteData[], complaints: Complaints): void {
  const aliases = new Bound(MOST_ALIASES, "aliases");
  const expressions = new Bound(MOST_EXPRESSIONS, "hosts by expressions");
  const redirects = new Bound(MOST_REDIRECTS, "redirects");
  const patterns = new Bound(MOST_PATTERNS, "redirects by patterns");
  for (const [at, route] of routes.entries()) {
    const { alias_domains = [], redirects: moves = [], hosts = [], host_regex = [], context_root } = route;
    const asked = alias_domains.length + moves.length + hosts.length + host_regex.length;
    if (asked === 0) continue;
    // Each host is served on each path.
    const times = Math.max(1, context_root?.length ?? 0);
    const kept = {
      alias_domains: alias_domains.filter(() => aliases.hasRoom(times)),
      hosts: hosts.filter((_, index) => index === 0 || aliases.hasRoom(times)),
      host_regex: host_regex.filter(() => expressions.hasRoom()),
      redirects: moves.filter((each) => (isPattern(each) ? patterns : redirects).hasRoom()),
    };
    const left = Object.values(kept).reduce((sum, list) => sum + list.length, 0);
    if (left < asked) routes[at] = { ...route, ...kept };
  }
  for (const bound of [aliases, expressions, redirects, patterns]) bound.tell(complaints);
}

/** Counts the hosts that a container names. */
class Bound {
  #asked = 0;

  constructor(readonly most: number, readonly what: string) {}

  /** Whether there is room for so many more. */
  hasRoom(more = 1): boolean {
    this.#asked += more;
    return this.#asked <= this.most;
  }

  tell(complaints: Complaints): void {
    const { most, what } = this;
    if (this.#asked <= most) return;
    complaints.warn("too-many", () => `asks for ${this.#asked} ${what}, at most ${most} are served`);
  }
}
