import type { ContainerView } from "../core/snapshot.ts";
import { openTcp } from "./connection.ts";

/** How long a container may take to accept a connection, in milliseconds. */
const LIMIT_MS = 500;
/** Ports that are tried, of a container with many. */
const MOST_PORTS = 4;

/** Whether a container takes a connection at one of its own addresses and TCP ports. */
export async function answersAtAll(container: ContainerView): Promise<boolean> {
  const ports = container.exposed.filter((port) => port.protocol === "tcp").slice(0, MOST_PORTS);
  const addresses = container.networks.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]).filter((address) =>
    address !== undefined
  );
  const tries = addresses.flatMap((address) => ports.map(({ port }) => accepts(address, port)));
  return (await Promise.all(tries)).includes(true);
}

async function accepts(hostname: string, port: number): Promise<boolean> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), LIMIT_MS);
  return await openTcp({ hostname, port }, limit.signal).then(
    (connection) => {
      connection.close();
      return true;
    },
    () => false,
  ).finally(() => clearTimeout(timer));
}
