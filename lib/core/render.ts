import { type HaproxyVersion, isAtLeast } from "./backend_option.ts";
import { isHashing } from "./balance.ts";
import type { Backend, Frontend, Model, Server } from "./model.ts";
import { formatEndpoint, isWildcard, routeKey } from "./names.ts";
import type { Templates } from "./templates.ts";

/** The name of a rendered file; no folders in it. */
export type FileName = string;

/** The routing's files, by name: haproxy.cfg and what it names. */
export type Files = ReadonlyMap<FileName, string>;

/** What is wanted: the model, and the files that say it. */
export type Desired = { readonly model: Model; readonly files: Files };

/** Renders the routing's files; the same model, templates and version give the same bytes. Throws TemplateError. */
export function renderFiles(model: Model, templates: Templates, version: HaproxyVersion): Files {
  const aliases = new Map<string, string[]>();
  for (const route of model.routes) {
    const names = aliases.get(route.backend);
    if (names === undefined) aliases.set(route.backend, [route.host + route.path]);
    else names.push(route.host + route.path);
  }
  const data = {
    ...model.frontend,
    binds: bindLines(model.frontend),
    wildcardDepths: model.wildcardDepths,
    backends: model.backends.map((backend) =>
      backendData(backend, aliases.get(backend.name) ?? [], model, version)
    ),
  };
  const routes = model.routes.map((route) => ({
    key: routeKey(route.host, route.path),
    backend: route.backend,
  }));
  return new Map([
    ["haproxy.cfg", templates.render("haproxy.cfg.eta", data)],
    ["hosts.map", templates.render("hosts.map.eta", { routes })],
  ]);
}

/** The server as it stands after `server` in the file and after `add server BACKEND/` at run time. */
export function renderServer(
  backend: Backend,
  server: Server,
  templates: Templates,
  version: HaproxyVersion,
): string {
  return templates.render("server.eta", serverData(backend, server, version)).trimEnd();
}

function bindLines(frontend: Frontend): { text: string; isIpv6Twin: boolean }[] {
  const { address, tls } = frontend;
  const lines = (suffix: string, port: Frontend["httpPort"]) => {
    if (address === "::") return [{ text: `[::]:${port} v4v6${suffix}`, isIpv6Twin: false }];
    if (address !== undefined) {
      return [{ text: `${formatEndpoint(address, port)}${suffix}`, isIpv6Twin: false }];
    }
    return [{ text: `:${port}${suffix}`, isIpv6Twin: false }, {
      text: `:::${port} v6only${suffix}`,
      isIpv6Twin: true,
    }];
  };
  if (tls === undefined) return lines("", frontend.httpPort);
  const extra = tls.options === "" ? "" : ` ${tls.options}`;
  return [
    ...lines("", frontend.httpPort),
    ...lines(` ssl crt "${tls.certificate}" alpn h2,http/1.1${extra}`, tls.port),
  ];
}

function backendData(backend: Backend, names: readonly string[], model: Model, version: HaproxyVersion) {
  const { shape, path } = backend;
  const own = backend.host + path;
  const others = names.filter((name) => name !== own);
  const httpsPort = model.frontend.tls?.port;
  return {
    name: backend.name,
    title: others.length > 8
      ? `${own} and ${others.length} other names (in hosts.map)`
      : [own, ...others].join(", "),
    balance: shape.balance,
    isHashing: isHashing(shape.balance),
    checkOption: shape.check.option,
    checkLines: shape.check.lines,
    options: shape.options,
    redirect: shape.isTlsOnly
      ? `https://%[var(txn.host)]${
        httpsPort === undefined || httpsPort === 443 ? "" : `:${httpsPort}`
      }%[pathq]`
      : undefined,
    stripPath: shape.stripPath === "" ? undefined : {
      path: shape.stripPath,
      literal: shape.stripPath.replaceAll("%", "%%"),
      length: shape.stripPath.length + 1,
    },
    servers: backend.servers.map((server) => serverData(backend, server, version)),
  };
}

function serverData(backend: Backend, server: Server, version: HaproxyVersion) {
  const host = isWildcard(backend.host) ? undefined : backend.host;
  return {
    name: server.name,
    endpoint: formatEndpoint(server.address, server.port),
    numericId: server.numericId,
    checkIntervalMs: backend.shape.checkIntervalMs,
    comment: `${server.containerName}${server.via === "published" ? ", through a port of its engine" : ""}`,
    tls: server.tls === undefined ? undefined : {
      verify: server.tls.verify,
      host,
      // HAProxy knows the system's authorities by a name of its own from 2.6 on.
      authorities: isAtLeast(version, [2, 6]) ? "@system-ca" : "/etc/ssl/certs/ca-certificates.crt",
    },
  };
}
