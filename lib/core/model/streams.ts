import { isForStreams } from "../keys/balance.ts";
import { fallbacksOf } from "../keys/options.ts";
import { KEY_NAMES, keyNamed } from "../keys/route_keys.ts";
import type { RouteData } from "../keys/route_data.ts";
import { answersKey, type Listen, listenBackend, listenKey, listenName } from "../values/listen.ts";
import { type HostName, isWildcard, parseHost, type PathPrefix, type Port } from "../values/names.ts";
import type { Parsed } from "../values/notice.ts";
import { expected, parsed } from "../values/notice.ts";
import type { ContainerView } from "../snapshot/snapshot.ts";
import { isHostPattern } from "../values/host_pattern.ts";
import { claimantOf } from "./claims.ts";
import type { BackendShape, Frontend, Route, RouteOptions, Streams } from "./model.ts";
import type { TableKey } from "../values/table.ts";
import type { Shared } from "./merge_options.ts";
import type { RoutingSettings } from "./routing_settings.ts";
import { wildcardDepths } from "./special_hosts.ts";

/** No route is any but of HTTP. */
export const NO_STREAMS: Streams = {
  routes: [],
  listens: [],
  wildcardDepths: wildcardDepths([]),
  areBeforeHttps: false,
  inner: [],
  ended: [],
};

/** The port of HTTPS where no setting says another. */
const HTTPS = 443 as Port;
/** Most routes are of HTTP: the same objects for all of them. */
const NO_LISTEN = parsed(undefined);
const NO_RANGES: NonNullable<RoutingSettings["tcpPorts"]> = [];

/** Where the connections of a route come in, if it is none of HTTP; `expected` where the operator gave no such port. */
export function listenOf(
  { protocol, ssl_passthrough: isPassed, listen_port: port }: RouteData,
  { tcpPorts = NO_RANGES, tlsPort = HTTPS, listeners, frontend: { tls } }: RoutingSettings,
): Parsed<Listen | undefined> {
  const ended = protocol === "tls" && isPassed === false ? ENDED : undefined;
  if (ended !== undefined && tls === undefined) {
    return expected("ssl_passthrough is false, expected --tls-cert or --acme-email, for HAProxy to end TLS");
  }
  if (protocol === "tls" || isPassed === true) {
    if (port === undefined || port === tlsPort) return parsed({ protocol: "tls", port: tlsPort, ...ended });
  } else if (protocol !== "tcp") return NO_LISTEN;
  if (port === undefined) return expected("protocol is tcp, expected listen_port beside it");
  const own = listeners.find((listener) => listener.port === port);
  if (own !== undefined) return expected(`listen_port is ${port}, which is the port of ${own.setting}`);
  const ranges = tcpPorts.map(({ first, last }) => first === last ? `${first}` : `${first}-${last}`).join(
    ",",
  );
  if (!tcpPorts.some(({ first, last }) => first <= port && port <= last)) {
    const given = tcpPorts.length === 0 ? "--tcp-ports, which is not set" : `--tcp-ports ${ranges}`;
    return expected(`listen_port is ${port}, expected one of ${given}`);
  }
  return parsed({ protocol: protocol === "tcp" ? protocol : "tls", port, ...ended });
}

const ENDED = { isEnded: true } as const;

/** The name of a container, where it has no host: a port needs none. */
export function hostOfContainer({ name }: ContainerView): HostName | undefined {
  const host = parseHost(name);
  return host.ok ? host.value : undefined;
}

/** Which port of the container is meant where it names none: the one of the same number, if there is one. */
export function portOf(
  data: RouteData,
  listen: Listen | undefined,
  { exposed }: ContainerView,
): Port | undefined {
  if (data.port !== undefined || listen === undefined) return data.port;
  return exposed.find(({ port, protocol, last }) =>
    protocol === "tcp" && last === undefined && port === listen.port
  )?.port;
}

/** The route of a host, for a container that asks for it. */
export function streamRoute(container: ContainerView, host: HostName, listen: Listen): Route {
  const { name: by } = container;
  const claimant = claimantOf(container);
  const backend = listenBackend(listen, host);
  return { key: listenKey(listen, host), host, path: "" as PathPrefix, backend, by, claimant, listen };
}

/** The other hosts of a route that HAProxy chooses by SNI. */
export function streamAliases(container: ContainerView, own: Route, data: RouteData): readonly Route[] {
  const { listen } = own;
  if (listen?.protocol !== "tls") return [];
  const hosts = new Set([...data.hosts ?? [], ...data.alias_domains ?? []]);
  hosts.delete(own.host);
  return [...hosts].map((host) => ({ ...streamRoute(container, host, listen), backend: own.backend }));
}

/** What HAProxy needs for routes that are none of HTTP; `others` are those of HTTP. */
export function streamsOf(
  routes: readonly Route[],
  others: readonly Route[],
  { tls }: Pick<Frontend, "tls">,
): Streams {
  const answers: readonly Listen[] = tls?.answersAuthorities === true
    ? [{ protocol: "tls", port: tls.port }]
    : [];
  if (routes.length === 0 && answers.length === 0) return NO_STREAMS;
  const listens = new Map(answers.map((listen) => [listenName(listen), listen]));
  const inner = new Set<Port>();
  for (const { listen } of routes) {
    if (listen === undefined) continue;
    const { protocol, port } = listen;
    listens.set(listenName(listen), { protocol, port });
    if (listen.isEnded === true) inner.add(port);
  }
  const passed = routes.filter(({ listen }) => tls !== undefined && listen?.port === tls.port);
  const ended = [...endedBelow(passed, others), ...answered(passed, routes, tls)];
  return {
    routes,
    listens: [...listens.values()].sort((a, b) => a.port - b.port),
    wildcardDepths: wildcardDepths([...routes, ...ended]),
    areBeforeHttps: passed.length + answers.length > 0,
    inner: [...inner].sort((a, b) => a - b),
    ended,
  };
}

/** The routes of TCP whose TLS HAProxy ends: their hosts need certificates, as those of HTTPS do. */
export const endedRoutes = ({ routes }: Streams): readonly Route[] =>
  routes.filter(({ listen }) => listen?.isEnded === true);

/** Routes of HTTP, and all others; the same list where there are no others. */
export function apart(
  all: readonly Route[],
  frontend: Pick<Frontend, "tls">,
): { readonly http: readonly Route[]; readonly streams: Streams } {
  const routes = all.filter(({ listen }) => listen !== undefined);
  const http = routes.length === 0 ? all : all.filter(({ listen }) => listen === undefined);
  return { http, streams: streamsOf(routes, http, frontend) };
}

/** Hosts of HTTP that a wildcard among others would take, although they are more exactly what a client asks for. */
function endedBelow(passed: readonly Route[], others: readonly Route[]): Streams["ended"] {
  const domains = passed.filter(({ host }) => isWildcard(host)).map(({ host }) => host.slice(1));
  const listen = passed[0]?.listen;
  if (domains.length === 0 || listen === undefined) return [];
  const own = new Set(passed.map(({ host }) => host));
  const below = new Map<TableKey, Streams["ended"][number]>();
  for (const { host, by } of others) {
    if (isHostPattern(host) || own.has(host) || !domains.some((domain) => host.endsWith(domain))) continue;
    const key = listenKey(listen, host);
    if (!below.has(key)) below.set(key, { key, host, path: "" as PathPrefix, by });
  }
  return [...below.values()].sort((a, b) => a.key < b.key ? -1 : 1);
}

/**
 * Hosts of TCP whose TLS HAProxy ends, and of which authorities ask at the port of HTTPS: there they have another listener, or none
 * beside a wildcard of somebody else, who could answer for them.
 */
function answered(
  passed: readonly Route[],
  routes: readonly Route[],
  tls: Frontend["tls"],
): Streams["ended"] {
  if (tls?.answersAuthorities !== true) return [];
  const domains = passed.filter(({ host }) => isWildcard(host)).map(({ host }) => host.slice(1));
  const others = new Set(passed.filter(({ listen }) => listen?.isEnded !== true).map(({ host }) => host));
  const found = new Map<TableKey, Streams["ended"][number]>();
  for (const { host, by, listen } of routes) {
    if (listen?.isEnded !== true || isWildcard(host) || others.has(host)) continue;
    const isTaken = listen.port === tls.port || domains.some((domain) => host.endsWith(domain));
    const key = answersKey(tls.port, host);
    if (isTaken && !found.has(key)) found.set(key, { key, host, path: "" as PathPrefix, by });
  }
  return [...found.values()].sort((a, b) => a.key < b.key ? -1 : 1);
}

/** Keys of a route's frontend that hold for TCP. */
const KEPT = KEY_NAMES.filter((name) => {
  const { scope, streams } = keyNamed(name);
  return scope === "route" && streams !== undefined && name !== "tunnel_timeout";
});
const FALLBACKS = fallbacksOf("route");

/** What a backend's containers say together, without what is of HTTP alone: a setting may say it for all. */
export function sharedOfStream({ shape, options }: Shared): Shared {
  const kept = KEPT.map((name) => [name, options[name as keyof RouteOptions]] as const);
  const balance = isForStreams(shape.balance_algorithm) ? shape.balance_algorithm : "roundrobin";
  const streamShape: BackendShape = {
    ...shape,
    balance_algorithm: balance,
    tcp: { tunnelTimeoutMs: options.tunnel_timeout },
  };
  const others = { ...FALLBACKS, ssl_only: false, access_log: false } as RouteOptions;
  return { shape: streamShape, options: { ...others, ...Object.fromEntries(kept) } };
}
