/** Containers and settings for the core's tests: whole ones, of which a test names only what it is about. */
import type { AddressSettings } from "../../lib/core/model/choose_endpoint.ts";
import type { RoutingSettings } from "../../lib/core/model/routing_settings.ts";
import type { ContainerId, IpAddress, Port } from "../../lib/core/values/names.ts";
import type { ContainerView, NetworkAttachment, PublishedPort } from "../../lib/core/snapshot/snapshot.ts";

/** A running container on the bridge with one TCP port. */
export function container(name: string, given: Partial<ContainerView> = {}): ContainerView {
  const id = `${name}0000000000000000`.slice(0, 16) as ContainerId;
  return {
    id,
    name,
    createdAt: 0,
    startedAt: "2024-05-01T10:00:00Z",
    status: "running",
    health: "none",
    hostname: `${name}.example.com`,
    domainname: "",
    networkMode: "bridge",
    interlockData: undefined,
    labels: {},
    exposed: tcp(80),
    published: [],
    networks: [network("bridge", "172.17.0.2")],
    stopSignal: "SIGTERM",
    stopTimeoutMs: undefined,
    engine: undefined,
    flaw: undefined,
    oddities: [],
    ...given,
  };
}

/** TCP ports as an image exposes them. */
export const tcp = (...ports: readonly number[]) =>
  ports.map((number) => ({ port: port(number), protocol: "tcp" }));

/** A port that the engine publishes. */
export const published = (inside: number, hostAddress: string, outside: number): PublishedPort => ({
  port: port(inside),
  hostAddress: ip(hostAddress),
  hostPort: port(outside),
});

/** A network with an IPv4 address, an IPv6 address, or both. */
export const network = (name: string, ipv4?: string, ipv6?: string): NetworkAttachment => ({
  name,
  ipv4: ipv4 === undefined ? undefined : ip(ipv4),
  ipv6: ipv6 === undefined ? undefined : ip(ipv6),
});

/** A text that is known to be an address. */
export const ip = (text: string) => text as IpAddress;
/** A number that is known to be a port. */
export const port = (number: number) => number as Port;

/** An engine on this machine, all else left to the defaults. */
export const LOCAL: AddressSettings = {
  mode: "auto",
  isLocalEngine: true,
  engineAddress: ip("127.0.0.1"),
  isEngineAddressForced: false,
  network: undefined,
};

/** What `render` takes when nobody sets anything. */
export const SETTINGS: RoutingSettings = {
  frontend: {
    address: undefined,
    httpPort: port(80),
    tls: undefined,
    hstsSeconds: undefined,
    hasTrace: false,
    errorPages: undefined,
    statsUser: undefined,
    maxConnections: 2048,
    hasTcpPorts: false,
    maxConnectionsPerClient: 1024,
    trustedProxies: [],
    clientIpHeader: undefined,
    proxyProtocol: [],
    connectTimeoutMs: 500,
    clientTimeoutMs: 60_000,
    serverTimeoutMs: 60_000,
    tunnelTimeoutMs: 3_600_000,
    headerSizeBytes: 16_384,
    hardStopAfterMs: 3_600_000,
    nameServers: [],
    accessLog: "errors",
  },
  address: LOCAL,
  balance: "roundrobin",
  defaultDomain: undefined,
  haproxyVersion: [2, 6],
  addBackends: false,
  listeners: [{ setting: "--http-port", address: undefined, port: port(80) }],
  isOptIn: false,
  redirectsToTls: false,
};
