import type { ServerLimit } from "../model/server_limit.ts";

/** How many requests HAProxy lets one connection of HTTP/2 have under way, where descriptors are there for it. */
export const MOST_STREAMS = 20;
/** Fewer are not worth a connection of HTTP/2. */
const LEAST_STREAMS = 2;
/** Connections beside those of clients: metrics, and what signalbox asks. */
export const OTHER_CONNECTIONS = 32;
/** The other share of the descriptors is for checks, one a server, for listeners and files. */
const SHARE = 0.5;

/** How many connections HAProxy holds at a time in all, and how many requests one of HTTP/2 has under way. */
export type ConnectionLimits = { readonly connections: number; readonly streams: number };

/** What promises connections to clients. */
export type Promised = {
  readonly maxConnections: number;
  /** Ports of TCP have as many once more, each of which is one to a container too. */
  readonly hasTcpPorts: boolean;
};

/**
 * Limits that keep what is promised to clients: each connection of a client may ask for as many more, to containers, as
 * there are streams in it, and HAProxy takes two descriptors for each connection of `maxconn`. `descriptors` is
 * how many a process may have (NaN: unknown); more than that is fatal when HAProxy starts.
 */
export function connectionLimits(
  { maxConnections, hasTcpPorts }: Promised,
  descriptors: number,
): ConnectionLimits {
  const most = Number.isNaN(descriptors) ? Infinity : descriptors;
  const forTcp = hasTcpPorts ? 2 : 0;
  const each = Math.floor((most * SHARE - 2 * OTHER_CONNECTIONS) / maxConnections);
  const affordable = each - 1 - forTcp;
  const streams = Math.max(LEAST_STREAMS, Math.min(MOST_STREAMS, affordable));
  // Two for each client is what HAProxy has at least: its own, and one to a container.
  const least = 2 + (each < 2 + forTcp ? 0 : forTcp);
  const sockets = maxConnections * (affordable < LEAST_STREAMS ? least : 1 + streams + forTcp);
  return { connections: Math.ceil(sockets / 2) + OTHER_CONNECTIONS, streams };
}

/** What HAProxy is started with, as far as it is known. */
export type ProcessLimits = {
  /** How many descriptors it may have; NaN where it is unknown or unlimited. */
  readonly descriptors: number;
  /** How many threads it starts: one for each processor that it may use. */
  readonly threads: number;
};

/** What HAProxy 2.4 to 3.4 count in at their start: 200 for commands (process.cfg), 10 for themselves, listeners, peers. */
const FOR_ITSELF = 264;
/** What HAProxy counts in for each other one that it shares counters with. */
const FOR_PEER = 3;
/** A thread waits in one, and is woken by two. */
const FOR_THREAD = 3;

/**
 * How many servers HAProxy can have: it counts one descriptor for the check of each, and does not start where it may not
 * have all that it counts. Old workers, which are processes of their own, count by themselves. `undefined` for no end.
 */
export function serverLimit(
  { connections }: ConnectionLimits,
  { descriptors, threads }: ProcessLimits,
  peers: number,
): ServerLimit | undefined {
  if (!Number.isFinite(descriptors)) return undefined;
  const servers = descriptors - 2 * connections - FOR_ITSELF - FOR_THREAD * threads - FOR_PEER * peers;
  return { servers: Math.max(0, servers), descriptors };
}

/** The limits as process.cfg gives them to haproxy.cfg, which is the same on any machine. */
export function limitsEnvironment({ connections, streams }: ConnectionLimits): Record<string, string> {
  return { SIGNALBOX_CONNECTIONS: `${connections}`, SIGNALBOX_STREAMS: `${streams}` };
}
