import type { CertificateSet } from "../certificates/choose.ts";
import type { Move } from "../keys/redirect.ts";
import type { Variant } from "../keys/variant.ts";
import type { HealthCheck } from "../keys/health_check.ts";
import type { ServerOptions } from "../keys/options.ts";
import type { Endpoint } from "./choose_endpoint.ts";
import type { ErrorPages } from "./error_pages.ts";
import type { MergedOptions } from "./merge_rules.ts";
import type {
  BackendName,
  ContainerId,
  HostName,
  IpAddress,
  PathPrefix,
  Port,
  ServerAddress,
  ServerName,
} from "../values/names.ts";
import type { Peer } from "../settings/peer_values.ts";
import type { Listen } from "../values/listen.ts";
import type { TableKey, TableValue } from "../values/table.ts";

/**
 * Why a server may not have traffic, as Docker tells it; `open` leaves it to the prober. One that is `leaving` has traffic
 * only until another one of its backend has.
 */
export type Gate = "open" | "created" | "starting" | "unhealthy" | "leaving" | "stopping";

/** One container's port, as HAProxy reaches it. */
export type Server = {
  readonly name: ServerName;
  /** HAProxy's numeric id of the server, unique in its backend; derived from the name, so that it never moves. */
  readonly numericId: number;
  readonly containerId: ContainerId;
  /** Docker's name of the container, made safe for a comment. */
  readonly containerName: string;
  readonly address: ServerAddress;
  readonly port: Port;
  /** `container`: its own address; `published`: through the engine's port, which accepts with nothing behind it. */
  readonly via: "container" | "published";
  /** The container's own endpoint, where a local one is reached through a published port: the prober asks there. */
  readonly own: { readonly address: IpAddress; readonly port: Port } | undefined;
  /** Where its engine is, if its address is one on another machine. */
  readonly elsewhere: IpAddress | undefined;
  /** Other ways to it, the better ones first; none for most. */
  readonly others: readonly Endpoint[];
  /** It is reached by one that was proven, and that is another than the rule's. */
  readonly isDetour: boolean;
  /** It is on another machine: HAProxy's checks alone tell soon that this one is gone. */
  readonly isRemote?: true;
  /** Tells one start of the container from the next. */
  readonly incarnation: string;
  /** What its container says of it. */
  readonly options: ServerOptions;
  /** The check that holds for its backend once no older container is there that says none. */
  readonly laterCheck?: HealthCheck;
  /** How far apart its checks are at least, in milliseconds, since its container has many; nothing for most. */
  readonly leastCheckMs?: number;
  readonly gate: Gate;
};

/**
 * Everything that HAProxy has of a backend but its servers; two backends of one shape can stand in for each other. One of TCP has
 * what a route of HTTP asks the frontend for.
 */
export type BackendShape = MergedOptions<"backend"> & {
  readonly tcp?: { readonly tunnelTimeoutMs: number | undefined };
};

/** What a route asks of the frontend: flags and rows of tables come of it, which commands change. */
export type RouteOptions = MergedOptions<"route">;

/** The containers that serve one host and path. */
export type Backend = {
  readonly name: BackendName;
  readonly host: HostName;
  readonly path: PathPrefix;
  readonly shape: BackendShape;
  readonly options: RouteOptions;
  /** Sorted by name; never empty. */
  readonly servers: readonly Server[];
  /** Every host and path that leads here, its own one among them; sorted by key. */
  readonly routes: readonly Route[];
};

/** A container, by its id and its engine: two engines may each have one of a name. */
export type Claimant = string;

/** A host and path, and the backend that answers for it. */
export type Route = {
  /** As in hosts.map. */
  readonly key: TableKey;
  readonly host: HostName;
  readonly path: PathPrefix;
  readonly backend: BackendName;
  /** The name of the container that claims it: the oldest of those that do. */
  readonly by: string;
  /** Tells that container from all others: each engine has names of its own. */
  readonly claimant: Claimant;
  /** Where clients of it are sent, in place of being served. */
  readonly move?: Move;
  /** Which of the requests to its host and path it is for; all where there is none. */
  readonly variant?: Variant;
  /** Where its connections come in, if it is none of HTTP. */
  readonly listen?: Listen;
  /** It stands for a host and path that only variants serve: HAProxy answers 404 to any other request. */
  readonly isOnly?: true;
  /** It stands for a place that is closed, since the container that asks for it cannot serve it as it said: HAProxy answers 403. */
  readonly guard?: Guarded;
};

/** What protects a place that no container serves. */
export type Guarded = {
  /** The name that its backend would have: no rows of tables are keyed by it. */
  readonly name: BackendName;
  readonly options: RouteOptions;
  /** A mistake hides who may come in: nobody may. */
  readonly isUnclear: boolean;
  /** Containers that may have meant the host to be for HTTPS alone: it is, for their routes. */
  readonly tlsOnlyFor: ReadonlySet<Claimant>;
};

/** Whether a container serves a route. */
export const isServed = ({ isOnly, guard }: Route): boolean => isOnly !== true && guard === undefined;

/** A route in words: host and path, and which variant of them it is. */
export const routeName = (route: Route): string =>
  route.variant === undefined
    ? placeName(route)
    : `${placeName(route)} (variant ${route.variant.hash.slice(0, 6)})`;

/** Where a route is, in words: `www.example.com/app`, `port 5432`, `db.example.com on port 8443`. */
export function placeName({ host, path, listen }: Pick<Route, "host" | "path" | "listen">): string {
  if (listen === undefined) return host + path;
  return listen.protocol === "tcp" ? `port ${listen.port}` : `${host} on port ${listen.port}`;
}

/** Where clients come in. */
export type Frontend = {
  /** The address of every listener; `undefined` for all addresses. */
  readonly address: IpAddress | undefined;
  readonly httpPort: Port;
  readonly tls:
    | {
      readonly port: Port;
      readonly options: string;
      readonly profile: "intermediate" | "modern";
      /** The file or folder that HAProxy reads certificates from by itself: those that cannot be read here. */
      readonly unread?: string | undefined;
      /** Routes may ask clients for certificates (`--client-ca`): no session is resumed. */
      readonly asksClients?: boolean;
      /** Clients may come by HTTP/3, on the same port of UDP. */
      readonly hasHttp3?: boolean;
      /** Authorities look here whether a host is ours (tls-alpn-01). */
      readonly answersAuthorities?: boolean;
    }
    | undefined;
  /** Containers may be shown certificates (`--backend-cert`). */
  readonly showsCertificates?: boolean;
  /** Of the account's key (RFC 7638): with it HAProxy answers authorities; `undefined` where no certificates are fetched. */
  readonly acmeThumbprint?: string | undefined;
  /** How long browsers are to use TLS alone, where a route says nothing; `undefined` for no such header. */
  readonly hstsSeconds: number | undefined;
  /** Requests get a trace, and answers their times. */
  readonly hasTrace: boolean;
  /** The user of the statistics page; `undefined` where there is none. */
  readonly statsUser: string | undefined;
  readonly maxConnections: number;
  /** The operator gives ports away (`--tcp-ports`), which together have as many connections once more. */
  readonly hasTcpPorts: boolean;
  /** Of one address, or one /64 of IPv6; 0 for no limit. */
  readonly maxConnectionsPerClient: number;
  /** Networks of proxies that say who their client is, as HAProxy's `src` takes them, as many on a line as it reads. */
  readonly trustedProxies: readonly string[];
  /** The header in which they say it; X-Forwarded-For where there is none. */
  readonly clientIpHeader: string | undefined;
  /** Networks of balancers that say it by the PROXY protocol, likewise. */
  readonly proxyProtocol: readonly string[];
  readonly connectTimeoutMs: number;
  readonly clientTimeoutMs: number;
  readonly serverTimeoutMs: number;
  /** How long a WebSocket or the like may be silent. */
  readonly tunnelTimeoutMs: number;
  /** HAProxy's buffers, which heads of requests and answers fit into (HAProxy manual, 3.2, `tune.bufsize`). */
  readonly headerSizeBytes: number;
  /** How long an old worker may finish what it has (HAProxy manual, 3.1, `hard-stop-after`). */
  readonly hardStopAfterMs: number;
  /** The name servers that know servers by their names; those of the system where there are none. */
  readonly nameServers: readonly string[];
  /** Pages in place of HAProxy's own; `undefined` for none. */
  readonly errorPages: ErrorPages | undefined;
  /** Which requests HAProxy logs: those that failed or were refused, all, or none. */
  readonly accessLog: "errors" | "all" | "off";
  /** The HAProxys of a fleet, which share what they count, this one among them; `undefined` for one that is alone. */
  readonly fleet?: Fleet | undefined;
};

/** The HAProxys of a fleet. */
export type Fleet = {
  /** Sorted by name, so that each has the same section. */
  readonly peers: readonly Peer[];
  /** The file with the certificate and key of them all; without one they do not know each other for sure. */
  readonly tls: string | undefined;
  /** Nodes of a Swarm are peers too, at this port; `undefined` where the settings name all. */
  readonly nodes?: FleetOfNodes | undefined;
};

/** How nodes of a Swarm are peers. */
export type FleetOfNodes = {
  readonly port: Port;
  /** The name of this one. */
  readonly own: string;
  /** Where this one listens, if that is not its node's address. */
  readonly bind: { readonly hostname: IpAddress; readonly port: Port } | undefined;
};

/** Whether clients can come by HTTPS: to HAProxy, or to a trusted proxy in front of it. */
export const hasTls = ({ tls, trustedProxies }: Frontend): boolean =>
  tls !== undefined || trustedProxies.length > 0;

/** The variants of all hosts and paths, as tables have them. */
export type PlacedVariants = {
  /** By the id of the route that serves what is for no variant, `|`, host and path: the variants. */
  readonly rows: ReadonlyMap<TableKey, TableValue>;
  /** The routes of which some requests are for variants. */
  readonly parents: ReadonlySet<TableKey>;
};

/** What HAProxy does for routes that are none of HTTP. */
export type Streams = {
  /** Sorted by key. */
  readonly routes: readonly Route[];
  /** The ports in use, sorted. */
  readonly listens: readonly Listen[];
  /** For how many labels after `*.` hosts that are told by SNI are looked up, most first. */
  readonly wildcardDepths: readonly number[];
  /** The port of HTTPS is among them: what no route of it takes goes on to where HAProxy ends TLS, or answers authorities. */
  readonly areBeforeHttps: boolean;
  /** The ports of hosts whose TLS HAProxy ends for containers that speak no HTTP, sorted. */
  readonly inner: readonly Port[];
  /**
   * Hosts whose TLS HAProxy ends, below wildcards whose TLS it leaves as it is; and those of TCP of which authorities ask there, or
   * at a port that others have.
   */
  readonly ended: readonly Pick<Route, "key" | "host" | "path" | "by">[];
};

/** What we want HAProxy to do. */
export type Model = {
  readonly frontend: Frontend;
  /** Sorted by name. */
  readonly backends: readonly Backend[];
  /** Those of HTTP, sorted by key; hosts and their aliases alike. */
  readonly routes: readonly Route[];
  /** All others. */
  readonly streams: Streams;
  /** Routes that redirect plain HTTP to HTTPS since their host's root does. */
  readonly tlsOnly: ReadonlySet<TableKey>;
  /** For how many labels after `*.` wildcards are looked up, most first. */
  readonly wildcardDepths: readonly number[];
  /** Hosts that are patterns, in the order in which they count. */
  readonly hostPatterns: readonly HostName[];
  /** Which variants hosts and paths have. */
  readonly variants: PlacedVariants;
  /** Who would serve a route, by key, if its backend were gone: the backend that claimed it next. */
  readonly heirs: ReadonlyMap<TableKey, Route>;
  /**
   * Who decides about the TLS of each host that HAProxy ends: the oldest of its routes. Those of hosts that nobody serves now
   * may be among them.
   */
  readonly deciders: ReadonlyMap<HostName, Route>;
  /** Which names of issuers each authority for clients has, as rows of routes.map; absent where no route has one. */
  readonly issuers?: ReadonlyMap<TableKey, TableValue>;
  /** The certificates that HAProxy is to have; absent where it needs none. */
  readonly certificates?: CertificateSet;
};
