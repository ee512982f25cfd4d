import type { Complaints } from "../values/complaints.ts";
import { isPattern, MOST_PATTERNS } from "../keys/redirect.ts";
import type { RouteData } from "../keys/route_data.ts";
import { KEY_NAMES, protectsRoute } from "../keys/route_keys.ts";

/**
 * Hosts and paths of one container beside those of its routes: aliases, redirects, further paths. Every pass goes through all of
 * them, so that those of a hundred containers must not keep a change waiting.
 */
const MOST_PLACES = 256;
/** Hosts by expressions: HAProxy goes through all of them for a host that it finds in no other way. */
const MOST_EXPRESSIONS = 8;

/**
 * Leaves out what one container asks for beyond the bounds; all of its routes where what is beyond was to be protected, since
 * another of them could serve it.
 */
export function boundHosts(routes: RouteData[], complaints: Complaints): void {
  const places = new Bound(MOST_PLACES, "aliases, redirects and further paths");
  const expressions = new Bound(MOST_EXPRESSIONS, "hosts by expressions");
  const patterns = new Bound(MOST_PATTERNS, "redirects by patterns");
  let isOpen = false;
  for (const [at, route] of routes.entries()) {
    const { alias_domains = [], redirects: moves = [], hosts = [], host_regex = [], context_root } = route;
    const paths = context_root ?? [];
    const wanted = alias_domains.length + moves.length + hosts.length + host_regex.length + paths.length;
    if (wanted === 0) continue;
    const own = route.default_host === true ? 2 : 1;
    const keptPaths = paths.filter((_, index) => index === 0 || places.hasRoom(own));
    // Each host is served on each path.
    const times = Math.max(1, keptPaths.length);
    const kept = {
      ...context_root !== undefined && { context_root: keptPaths },
      alias_domains: alias_domains.filter(() => places.hasRoom(times)),
      hosts: hosts.filter((_, index) => index === 0 || places.hasRoom(times)),
      host_regex: host_regex.filter(() => expressions.hasRoom()),
      redirects: moves.filter((each) => (isPattern(each) ? patterns : places).hasRoom()),
    };
    const left = Object.values(kept).reduce((sum, list) => sum + list.length, 0);
    if (left < wanted) routes[at] = { ...route, ...kept };
    const isLess = left - kept.redirects.length < wanted - moves.length;
    isOpen ||= isLess && (route.fault !== undefined || isProtected(route));
  }
  if (isOpen) {
    const fault = "one of its routes is protected, and has more hosts and paths than have room";
    for (const [at, route] of routes.entries()) routes[at] = { ...route, fault: route.fault ?? fault };
  }
  for (const bound of [places, expressions, patterns]) bound.tell(complaints);
}

const isProtected = (route: RouteData): boolean =>
  KEY_NAMES.some((key) => route[key] !== undefined && protectsRoute(key));

/** Counts the hosts that a container names. */
class Bound {
  #wanted = 0;

  constructor(readonly most: number, readonly what: string) {}

  /** Whether there is room for so many more. */
  hasRoom(more = 1): boolean {
    this.#wanted += more;
    return this.#wanted <= this.most;
  }

  tell(complaints: Complaints): void {
    const { most, what } = this;
    if (this.#wanted <= most) return;
    complaints.warn("too-many", () => `asks for ${this.#wanted} ${what}, at most ${most} are served`);
  }
}
