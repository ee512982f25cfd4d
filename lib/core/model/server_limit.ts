import type { Considered } from "./model_memory.ts";
import type { Route } from "./model.ts";
import type { Attempt, Offer } from "./attempt.ts";
import { wardFor } from "./wards.ts";

/** How many servers HAProxy can check, since each check takes a descriptor, and how many descriptors it may have. */
export type ServerLimit = { readonly servers: number; readonly descriptors: number };

/** What HAProxy would get without a limit. */
type Unlimited = {
  /** The oldest container first. */
  readonly considered: readonly Considered[];
  readonly isServer: (offer: Offer) => boolean;
  readonly ownerOf: (route: Route) => Route | undefined;
};

/**
 * The same containers, where those beyond the limit offer nothing. Each route keeps its first server before any route
 * has a second one, and each container keeps its first route before any has a second one; so a container with many
 * routes takes the place of none. Among equals the oldest stays.
 */
export function withinLimit(all: Unlimited, limit: ServerLimit): Considered[] {
  const { considered, isServer, ownerOf } = all;
  const leftOut = new Set(ranked(considered, isServer).slice(limit.servers));
  const freed = new Set([...leftOut].flatMap(({ own, aliases }) => [own, ...aliases]));
  const isLeftOut = (offer: Offer): boolean => {
    if (isServer(offer)) return leftOut.has(offer);
    // It has no server because an older container has its route; that one leaves no room for another.
    const owner = ownerOf(offer.own);
    return owner !== undefined && freed.has(owner);
  };
  return considered.map((each) => {
    if (!each.attempts.some(({ offer }) => offer !== undefined && isLeftOut(offer))) return each;
    const attempts = each.attempts.map((attempt) =>
      attempt.offer !== undefined && isLeftOut(attempt.offer) ? leaveOut(attempt.offer, limit) : attempt
    );
    return { ...each, attempts };
  });
}

/** All servers, those that are kept first. */
function ranked(considered: readonly Considered[], isServer: (offer: Offer) => boolean): Offer[] {
  const ofRoutes = new Map<string, number>();
  const ranks = considered.flatMap(({ attempts }) => {
    const servers = attempts.flatMap(({ offer }) => offer !== undefined && isServer(offer) ? [offer] : []);
    return servers.map((offer, ofContainer) => {
      const { backend } = offer.own;
      const ofRoute = ofRoutes.get(backend) ?? 0;
      ofRoutes.set(backend, ofRoute + 1);
      return { offer, ofRoute, ofContainer };
    });
  });
  // The sort is stable: the oldest stay first.
  ranks.sort((a, b) => a.ofRoute - b.ofRoute || a.ofContainer - b.ofContainer);
  return ranks.map(({ offer }) => offer);
}

function leaveOut(offer: Offer, { servers, descriptors }: ServerLimit): Attempt {
  const { own, server, container } = offer;
  const why =
    `HAProxy may have ${descriptors} descriptors, which beside its connections are enough for the checks of ` +
    `${servers} servers; expected a higher limit (ulimit -Hn; systemd: LimitNOFILE), or a smaller --max-connections`;
  const message = `does not serve ${own.host}${own.path}: ${why}`;
  const notice = { severity: "warning", code: "server-limit", subject: container.name, message } as const;
  return { notices: server.gate === "created" ? [] : [notice], why, wanted: own.host, ...wardFor(offer) };
}
