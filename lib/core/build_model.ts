import { chooseEndpoint, choosePort } from "./address.ts";
import { mergeShape } from "./backend_shape.ts";
import type { Backend, Gate, Model, Route, Server } from "./model.ts";
import {
  type BackendName,
  backendName,
  type ContainerId,
  type HostName,
  isWildcard,
  type PathPrefix,
  routeKey,
  type ServerName,
  serverName,
} from "./names.ts";
import { type Notice, quote } from "./notice.ts";
import type { RouteData } from "./route_data.ts";
import type { Member, RoutingSettings } from "./routing_settings.ts";

import { routeHost } from "./route_host.ts";
import { type Memory, memoryOf } from "./route_memory.ts";
import type { ContainerView, Snapshot } from "./snapshot.ts";

/** What became of one thing that a container offers: for `explain`. */
export type Verdict = {
  readonly container: ContainerView;
  readonly hosts: readonly { readonly host: HostName; readonly path: PathPrefix }[];
  readonly server: Server | undefined;
  /** Why it serves nothing, where it serves nothing. */
  readonly why: string | undefined;
};

/** The model, and all that the user should know of how it came about. */
export type Built = {
  readonly model: Model;
  readonly notices: readonly Notice[];
  readonly verdicts: readonly Verdict[];
};

type Draft = {
  readonly name: BackendName;
  readonly host: HostName;
  readonly path: PathPrefix;
  readonly members: Member[];
  /** The names of its servers. */
  readonly taken: Set<ServerName>;
};

/** Builds what HAProxy should do from what Docker said. Never throws on anything that a container wrote. */
export function buildModel(snapshot: Snapshot, settings: RoutingSettings): Built {
  const builder = new Builder(snapshot, settings);
  // The oldest first: whoever came first keeps a host and decides a backend's options.
  const containers = [...snapshot.containers].sort((a, b) =>
    a.createdAt - b.createdAt || compare(a.id, b.id)
  );
  for (const container of containers) builder.addContainer(container);
  return builder.finish();
}

const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0;

class Builder {
  readonly notices: Notice[] = [];
  readonly verdicts: Verdict[] = [];
  readonly drafts = new Map<BackendName, Draft>();
  readonly claims = new Map<string, Route & { readonly by: string }>();
  readonly byId: ReadonlyMap<string, ContainerView>;

  readonly #memory: Memory;

  constructor(readonly snapshot: Snapshot, readonly settings: RoutingSettings) {
    this.#memory = memoryOf(settings);
    this.byId = new Map(snapshot.containers.flatMap((each) => [[each.id, each], [each.name, each]]));
  }

  note(severity: Notice["severity"], code: string, subject: string, message: string): void {
    this.notices.push({ severity, code, subject, message });
  }

  addContainer(container: ContainerView): void {
    if (container.status !== "running") {
      this.refuse(
        container,
        `it is ${/^[a-z]{1,16}$/.test(container.status) ? container.status : "not running"}`,
      );
      return;
    }
    const { routes, notices } = this.#memory.read(container);
    this.notices.push(...notices);
    if (routes.length === 0) this.refuse(container, "its INTERLOCK_DATA cannot be read");
    for (const data of routes) this.addRoute(container, data, routes.length === 1);
  }

  refuse(container: ContainerView, why: string): void {
    this.verdicts.push({ container, hosts: [], server: undefined, why });
  }

  addRoute(container: ContainerView, data: RouteData, isOnly: boolean): void {
    if (data.isLost) {
      return this.refuse(container, `${data.source} names a hostname, domain or port that cannot be used`);
    }
    const found = routeHost(container, data, this.settings.defaultDomain);
    if (found.host === undefined) {
      if (data.isExplicit || found.isWrong) {
        this.note("warning", "no-host", container.name, `serves no route: ${found.why}`);
      }
      // One that names its routes by labels need not have one of its own.
      if (isOnly || data.isExplicit || found.isWrong) this.refuse(container, found.why);
      return;
    }
    const chosen = this.chooseServer(container, data, found.host);
    if (chosen === undefined) return;
    const server = this.#memory.reuse(data, chosen);
    const path = data.context_root ?? "" as PathPrefix;
    const draft = this.claimBackend(container, found.host, path);
    if (draft === undefined) return;
    const hosts = [found.host, ...this.claimAliases(container, data, draft)];
    const named = withUniqueName(server, draft);
    draft.taken.add(named.name);
    draft.members.push({ server: named, data, container });
    this.verdicts.push({ container, hosts: hosts.map((host) => ({ host, path })), server, why: undefined });
  }

  chooseServer(container: ContainerView, data: RouteData, host: HostName): Server | undefined {
    const fail = (why: string) => {
      // A worker that only has a hostname made no mistake; one that asked for a route did.
      this.note(
        data.isExplicit ? "warning" : "info",
        "no-address",
        container.name,
        `does not serve ${host}: ${why}`,
      );
      this.refuse(container, why);
      return undefined;
    };
    const port = choosePort(container, data.port);
    if (!port.ok) return fail(port.why);
    const shared = container.networkMode.startsWith("container:")
      ? this.byId.get(container.networkMode.slice("container:".length))
      : container;
    const endpoint = chooseEndpoint(container, shared, port.value, data.network, this.settings.address);
    if (!endpoint.ok) return fail(endpoint.why);
    for (const remark of [port.remark, endpoint.value.via === "container" ? endpoint.remark : undefined]) {
      if (remark !== undefined) this.note("warning", "ambiguous", container.name, remark);
    }
    const name = serverName(
      backendName(host, data.context_root ?? "" as PathPrefix),
      container.id,
      port.value,
    );
    return {
      name,
      numericId: numericId(name),
      containerId: container.id,
      containerName: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(container.name)
        ? container.name
        : container.id.slice(0, 12),
      ...endpoint.value,
      incarnation: container.startedAt,
      tls: data.ssl_backend === true ? { verify: data.ssl_backend_tls_verify ?? "none" } : undefined,
      isWarmed: data.warm === true,
      gate: gateOf(container, this.snapshot.stopping),
    };
  }

  claimBackend(container: ContainerView, host: HostName, path: PathPrefix): Draft | undefined {
    const key = routeKey(host, path);
    const name = backendName(host, path);
    const claim = this.claims.get(key);
    if (claim !== undefined && claim.backend !== name) {
      const why = `${host}${path} is served already as an alias by the older container ${quote(claim.by)}`;
      this.note("warning", "host-taken", container.name, `does not serve ${host}${path}: ${why}`);
      this.refuse(container, why);
      return undefined;
    }
    this.claims.set(key, claim ?? { host, path, backend: name, by: container.name });
    const draft = this.drafts.get(name) ?? { name, host, path, members: [], taken: new Set<ServerName>() };
    this.drafts.set(name, draft);
    return draft;
  }

  claimAliases(container: ContainerView, data: RouteData, draft: Draft): HostName[] {
    return [...new Set(data.alias_domains)].filter((host) => {
      const key = routeKey(host, draft.path);
      const claim = this.claims.get(key);
      if (claim !== undefined && claim.backend !== draft.name) {
        const message = `alias ${host}${draft.path} is left out: the older container ${
          quote(claim.by)
        } serves it already`;
        this.note("warning", "host-taken", container.name, message);
        return false;
      }
      if (claim === undefined) {
        this.claims.set(key, { host, path: draft.path, backend: draft.name, by: container.name });
      }
      return host !== draft.host;
    });
  }

  finish(): Built {
    const backends: Backend[] = [];
    for (const { name, host, path, members } of this.drafts.values()) {
      const { shape, notices } = mergeShape(members, path, this.settings);
      this.notices.push(...notices);
      const servers = members.map((member) => member.server).sort((a, b) => compare(a.name, b.name));
      backends.push({ name, host, path, shape, servers: withUniqueIds(servers) });
    }
    const routes = [...this.claims.entries()]
      .sort(([a], [b]) => compare(a, b))
      .map(([, { host, path, backend }]) => ({ host, path, backend }));
    const model: Model = {
      frontend: this.settings.frontend,
      backends: backends.sort((a, b) => compare(a.name, b.name)),
      routes,
      wildcardDepths: wildcardDepths(routes),
    };
    return { model, notices: this.notices, verdicts: this.verdicts };
  }
}

function gateOf(container: ContainerView, stopping: ReadonlySet<ContainerId>): Gate {
  if (stopping.has(container.id)) return "stopping";
  return container.health === "starting" || container.health === "unhealthy" ? container.health : "open";
}

/** A container may ask for the same host and port twice; the second server gets a number, so that neither is lost. */
function withUniqueName(server: Server, draft: Draft): Server {
  const { taken } = draft;
  if (!taken.has(server.name)) return server;
  let count = 2;
  while (taken.has(`${server.name}:${count}` as ServerName)) count++;
  const name = `${server.name}:${count}` as ServerName;
  return { ...server, name, numericId: numericId(name) };
}

/** A hash of the name (FNV-1a) from 1 to 2^31 - 1, HAProxy's range for a server's `id` (manual, 5.2). */
function numericId(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return (hash >>> 1) || 1;
}

function withUniqueIds(servers: readonly Server[]): readonly Server[] {
  if (servers.length === 1) return servers;
  const taken = new Set<number>();
  return servers.map((server) => {
    let id = server.numericId;
    while (taken.has(id)) id = id % 0x7fffffff + 1;
    taken.add(id);
    return id === server.numericId ? server : { ...server, numericId: id };
  });
}

/** How many labels stand after `*.` in the wildcards in use, most first, so that the longest match wins. */
function wildcardDepths(routes: readonly Route[]): number[] {
  const depths = routes.filter((route) => isWildcard(route.host)).map((route) =>
    route.host.split(".").length - 1
  );
  return [...new Set(depths)].sort((a, b) => b - a);
}
