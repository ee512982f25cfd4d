import { count } from "../values/count.ts";

/** A server of a route, and whether it has traffic. */
export type ServerStatus = {
  readonly container: string;
  readonly address: string;
  readonly state: "ready" | "waiting" | "draining" | "down";
  /** Why it has no traffic. */
  readonly why: string | undefined;
};

/** A route, and its servers. */
export type RouteStatus = {
  readonly route: string;
  readonly backend: string;
  /** Its clients are sent elsewhere. */
  readonly isRedirect?: true;
  readonly servers: readonly ServerStatus[];
};

/** How many routes are served and what else there is, and a line a route, for people. */
export function routeLines(routes: readonly RouteStatus[]): readonly string[] {
  return [totalLine(routes), ...routes.flatMap(linesOf)];
}

function totalLine(routes: readonly RouteStatus[]): string {
  const redirects = routes.filter(({ isRedirect }) => isRedirect === true);
  const served = routes.filter((route) => route.isRedirect !== true && route.servers.some(isReady));
  const idle = routes.length - redirects.length - served.length;
  return [
    `routes: ${served.length}`,
    ...idle === 0 ? [] : [`${idle} without a ready server`],
    ...redirects.length === 0 ? [] : [count(redirects.length, "redirect")],
  ].join(", and ");
}

function linesOf({ route, servers, isRedirect }: RouteStatus): readonly string[] {
  if (isRedirect === true) return [`  ${route}: redirected`];
  return [
    `  ${route}: ${countStates(servers)}`,
    ...servers.filter((server) => !isReady(server)).map(({ container, address, state, why }) =>
      `    ${container} at ${address} is ${state}${why ? `: ${why}` : ""}`
    ),
  ];
}

const isReady = ({ state }: ServerStatus): boolean => state === "ready";

function countStates(servers: readonly ServerStatus[]): string {
  const counts = new Map<string, number>();
  for (const { state } of servers) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(", ");
}
