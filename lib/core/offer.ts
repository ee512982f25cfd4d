import { chooseEndpoint, choosePort } from "./address.ts";
import type { Gate, Route, Server } from "./model.ts";
import { backendName, type HostName, type PathPrefix, routeKey, serverName } from "./names.ts";
import type { Notice } from "./notice.ts";
import { readRouteData, type RouteData, type SaidBefore } from "./route_data.ts";
import { routeHost } from "./route_host.ts";
import type { Member, RoutingSettings } from "./routing_settings.ts";
import type { ContainerView } from "./snapshot.ts";

/** A server, and what it wants to serve: its own host, and its aliases, each once. */
export type Offer = { readonly own: Route; readonly aliases: readonly Route[]; readonly member: Member };

/** What became of one route that a container asked for: an offer, the reason why there is none, or nothing worth telling. */
export type Attempt = {
  readonly notices: readonly Notice[];
  readonly offer?: Offer;
  readonly why?: string;
};

/** What an offer depends on, beside its container and the settings. */
export type Circumstances = {
  /** The container is being stopped. */
  readonly isStopping: boolean;
  /** The container whose network it uses (`--network container:ID`); itself where it has its own. */
  readonly shared: ContainerView | undefined;
};

/** What one container offers, before it meets what others offer; never throws, whatever the container wrote. */
export function readOffers(
  container: ContainerView,
  { isStopping, shared }: Circumstances,
  settings: RoutingSettings,
  said: SaidBefore,
): readonly Attempt[] {
  if (container.status !== "running") {
    const state = /^[a-z]{1,16}$/.test(container.status) ? container.status : "not running";
    return [{ notices: [], why: `it is ${state}` }];
  }
  const { routes, notices } = readRouteData(container, settings.haproxyVersion, said);
  if (routes.length === 0) return [{ notices, why: "its INTERLOCK_DATA cannot be read" }];
  const attempts = routes.map((data) =>
    readOffer(container, data, routes.length === 1, gateOf(container, isStopping), shared, settings)
  );
  return notices.length === 0 ? attempts : [{ notices }, ...attempts];
}

function readOffer(
  container: ContainerView,
  data: RouteData,
  isOnly: boolean,
  gate: Gate,
  shared: ContainerView | undefined,
  settings: RoutingSettings,
): Attempt {
  const note = (severity: Notice["severity"], code: string, message: string): Notice => ({
    severity,
    code,
    subject: container.name,
    message,
  });
  if (data.isLost) {
    return { notices: [], why: `${data.source} names a hostname, domain or port that cannot be used` };
  }
  const found = routeHost(container, data, settings.defaultDomain);
  if (found.host === undefined) {
    const notices = data.isExplicit || found.isWrong
      ? [note("warning", "no-host", `serves no route: ${found.why}`)]
      : [];
    // One that names its routes by labels need not have one of its own.
    return isOnly || notices.length > 0 ? { notices, why: found.why } : { notices };
  }
  const { host } = found;
  const fail = (why: string): Attempt => {
    // A worker that only has a hostname made no mistake; one that asked for a route did.
    const severity = data.isExplicit ? "warning" : "info";
    return { notices: [note(severity, "no-address", `does not serve ${host}: ${why}`)], why };
  };
  const port = choosePort(container, data.port);
  if (!port.ok) return fail(port.why);
  const endpoint = chooseEndpoint(container, shared, port.value, data.network, settings.address);
  if (!endpoint.ok) return fail(endpoint.why);
  const notices: Notice[] = [];
  for (const remark of [port.remark, endpoint.value.via === "container" ? endpoint.remark : undefined]) {
    if (remark !== undefined) notices.push(note("warning", "ambiguous", remark));
  }
  const path = data.context_root ?? "" as PathPrefix;
  const backend = backendName(host, path);
  const routeOf = (host: HostName): Route => ({
    key: routeKey(host, path),
    host,
    path,
    backend,
    by: container.name,
  });
  const name = serverName(backend, container.id, port.value);
  const server: Server = {
    name,
    numericId: numericId(name),
    containerId: container.id,
    containerName: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(container.name)
      ? container.name
      : container.id.slice(0, 12),
    address: endpoint.value.address,
    port: endpoint.value.port,
    via: endpoint.value.via,
    own: endpoint.value.own,
    incarnation: container.startedAt,
    tls: data.ssl_backend === true ? { verify: data.ssl_backend_tls_verify ?? "none" } : undefined,
    isWarmed: data.warm === true,
    gate,
  };
  const aliases = data.alias_domains === undefined
    ? []
    : [...new Set(data.alias_domains)].filter((alias) => alias !== host);
  return {
    notices,
    offer: { own: routeOf(host), aliases: aliases.map(routeOf), member: { server, data, container } },
  };
}

function gateOf(container: ContainerView, isStopping: boolean): Gate {
  if (isStopping) return "stopping";
  return container.health === "starting" || container.health === "unhealthy" ? container.health : "open";
}

/** A hash of a server's name (FNV-1a) from 1 to 2^31 - 1, HAProxy's range for a server's `id` (manual, 5.2). */
export function numericId(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return (hash >>> 1) || 1;
}
