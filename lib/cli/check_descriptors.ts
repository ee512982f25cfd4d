import { mostPeers } from "./fleet.ts";
import { connectionLimits, type Promised, serverLimit } from "../core/config/descriptors.ts";
import type { Settings } from "../core/settings/settings.ts";
import type { Snapshot } from "../core/snapshot/snapshot.ts";
import { count } from "../core/values/count.ts";
import { processLimits } from "../haproxy/process/descriptor_limit.ts";
import type { Check } from "./check.ts";
import { prepareRouting } from "./routing.ts";

/** Descriptors beside those of connections: enough for HAProxy itself and some hundred servers. */
const SPARE = 1_000;
/** More than HAProxy needs for itself, on many processors. */
const FOR_HAPROXY = 400;

/**
 * HAProxy takes two descriptors a connection, and one for the check of each server. A limit that is too low is fatal, and
 * `haproxy -c` does not find it.
 */
export async function checkDescriptors(
  settings: Settings,
  read: () => Promise<Snapshot>,
): Promise<Check | undefined> {
  const limits = await processLimits();
  const limit = serverLimit(
    connectionLimits(promisedBy(settings), limits.descriptors),
    limits,
    mostPeers(settings),
  );
  if (limit === undefined) return undefined;
  const servers = await countServers(settings, read);
  const clients = settings.maxConnections * (settings.tcpPorts.length > 0 ? 2 : 1);
  const needed = 2 * clients + Math.max(SPARE, servers + FOR_HAPROXY);
  const places = limit.servers === 0
    ? "HAProxy cannot have a single server"
    : `HAProxy can have ${count(limit.servers, "server")}, and now has ${servers}`;
  return {
    name: "file descriptors",
    isGood: limit.servers > 0 && limit.servers >= servers,
    detail: `${limits.descriptors} allowed, about ${needed} needed: ${places}`,
    remedy:
      `raise the limit (ulimit -Hn ${needed}; systemd: LimitNOFILE=${needed}), or lower --max-connections`,
  };
}

/** What settings promise to clients. */
export const promisedBy = (
  { maxConnections, tcpPorts }: Pick<Settings, "maxConnections" | "tcpPorts">,
): Promised => ({ maxConnections, hasTcpPorts: tcpPorts.length > 0 });

/** How many servers there would be without a limit. */
async function countServers(settings: Settings, read: () => Promise<Snapshot>): Promise<number> {
  try {
    const { model } = (await prepareRouting(settings)).design.build(await read());
    return model.backends.reduce((sum, { servers }) => sum + servers.length, 0);
  } catch {
    // Other checks report what cannot be read.
    return 0;
  }
}
