import { connect } from "node:net";
import type { ContainerView } from "../core/snapshot.ts";

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

function accepts(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host, port });
  const timer = setTimeout(() => resolve(false), LIMIT_MS);
  socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
  return promise.finally(() => {
    clearTimeout(timer);
    socket.destroy();
  });
}
