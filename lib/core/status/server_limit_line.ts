import type { ServerLimit } from "../model/server_limit.ts";

type RouteServers = { readonly backend: string; readonly servers: readonly unknown[] };

/** The limit of servers, where most of them are there. */
export function limitLines(
  limit: ServerLimit | undefined,
  routes: readonly RouteServers[],
): readonly string[] {
  if (limit === undefined) return [];
  const { servers: most, descriptors } = limit;
  // Routes of one backend have the same servers.
  const backends = new Map(routes.map(({ backend, servers }) => [backend, servers.length]));
  const servers = [...backends.values()].reduce((sum, each) => sum + each, 0);
  if (servers * 2 < most) return [];
  return [`servers: ${servers} of at most ${most}, since HAProxy may have ${descriptors} descriptors`];
}
