import { type HaproxyVersion, isAtLeast } from "./backend_option.ts";
import { defaultShape, shapeText } from "./backend_shape.ts";
import { isDynamic, isHashing } from "./balance.ts";
import type { Backend, BackendShape, Frontend, Model, Route, Server } from "./model.ts";
import { type BackendName, formatEndpoint, isWildcard, routeKey, type ServerName } from "./names.ts";
import type { Templates } from "./templates.ts";

/** The name of a rendered file; no folders in it. */
export type FileName = string;

/** The routing's files, by name: haproxy.cfg and what it names. */
export type Files = ReadonlyMap<FileName, string>;

/** A backend section of the config. */
export type Section = {
  /** Everything that a command cannot change, as one text. */
  readonly shape: string;
  readonly isSpare: boolean;
  readonly canAddServers: boolean;
  /** Each server's line, as it stands after `server`. */
  readonly servers: ReadonlyMap<ServerName, string>;
};

/** What is wanted: the model, the files that say it, and the same in pieces that can be compared. */
export type Desired = {
  readonly model: Model;
  readonly files: Files;
  /** haproxy.cfg without its backends. */
  readonly fixed: string;
  /** Backends and spares, by the name of their section. */
  readonly sections: ReadonlyMap<string, Section>;
  /** The `defaults` sections that a new backend of a shape can be made from at run time, by shape. */
  readonly defaults: ReadonlyMap<string, string>;
  /** hosts.map: backends by key. */
  readonly routes: ReadonlyMap<string, BackendName>;
};

/** Spare backends that are kept ready: of the shape that most hosts have, and of each other shape in use. */
const DEFAULT_SPARES = 16;
const OTHER_SPARES = 2;
/** Shapes beyond this many are not kept ready. */
const MOST_SHAPES = 16;

/** Renders what the model wants; the same model, templates and version give the same bytes. Throws TemplateError. */
export function renderDesired(
  model: Model,
  templates: Templates,
  version: HaproxyVersion,
  balance: string,
): Desired {
  const routesOf = Map.groupBy(model.routes, (route) => route.backend);
  const sections = new Map<string, Section>();
  const backends = model.backends.map((backend) => {
    const servers = backend.servers.map((server) => ({
      comment: `${server.containerName}${server.via === "published" ? ", through a port of its engine" : ""}`,
      line: renderServer(backend, server, templates, version),
    }));
    const lines = new Map<ServerName, string>();
    backend.servers.forEach((server, at) => lines.set(server.name, servers[at]?.line ?? ""));
    sections.set(backend.name, sectionOf(backend.shape, false, lines));
    return {
      ...backendData(backend.name, backend.shape, model),
      title: titleOf(backend, routesOf.get(backend.name) ?? []),
      servers,
    };
  });
  // A user's own template, written for spares, may not say what new backends are made from.
  const canAddBackends = isAtLeast(version, [3, 4]) &&
    !["haproxy.cfg.eta", "defaults.eta", "backend.eta"].some((name) => templates.overlaid.has(name));
  const ready = readyShapes(model, balance);
  const defaults = (canAddBackends ? ready : []).map((shape, at) => ({
    ...backendData(`_defaults_${at + 1}`, shape, model),
    parent: "_base",
    title: undefined,
    servers: [],
    shape: shapeText(shape),
  }));
  const spares = (canAddBackends ? [] : ready.flatMap(multiply)).map((shape, at) => {
    const name = `_spare_${at + 1}`;
    sections.set(name, sectionOf(shape, true, new Map()));
    return { ...backendData(name, shape, model), title: undefined, servers: [] };
  });
  const base = { ...model.frontend, binds: bindLines(model.frontend), wildcardDepths: model.wildcardDepths };
  const routes = model.routes.map((route) => ({
    key: routeKey(route.host, route.path),
    backend: route.backend,
  }));
  return {
    model,
    files: new Map([
      [
        "haproxy.cfg",
        templates.render("haproxy.cfg.eta", { ...base, backends, spares, defaults, canAddBackends }),
      ],
      ["hosts.map", templates.render("hosts.map.eta", { routes })],
    ]),
    fixed: renderFixed({ ...base, backends: [], spares: [], defaults: [], canAddBackends }, templates),
    sections,
    defaults: new Map(defaults.map(({ shape, name }) => [shape, name])),
    routes: new Map(routes.map(({ key, backend }) => [key, backend])),
  };
}

/** The config without its backends, which stays the same from one pass to the next. */
function renderFixed(data: Record<string, unknown>, templates: Templates): string {
  const key = JSON.stringify(data);
  const before = fixedTexts.get(templates);
  if (before?.key === key) return before.text;
  const text = templates.render("haproxy.cfg.eta", data);
  fixedTexts.set(templates, { key, text });
  return text;
}

const fixedTexts = new WeakMap<Templates, { readonly key: string; readonly text: string }>();

function sectionOf(shape: BackendShape, isSpare: boolean, servers: Section["servers"]): Section {
  return { shape: shapeText(shape), isSpare, canAddServers: isDynamic(shape.balance), servers };
}

/** The shapes that a new host may come in: first the one of a container that asks for nothing, then those in use. */
function readyShapes(model: Model, balance: string): BackendShape[] {
  const plain = defaultShape(balance);
  const shapes = new Map([[shapeText(plain), plain]]);
  for (const { shape } of model.backends) {
    // A path that is taken off belongs to one host's route; no other host would come with the same.
    if (shape.stripPath === "" && isDynamic(shape.balance)) shapes.set(shapeText(shape), shape);
  }
  const [first, ...others] = [...shapes.keys()];
  return [first ?? "", ...others.sort()].slice(0, MOST_SHAPES).map((key) => shapes.get(key) ?? plain);
}

const multiply = (shape: BackendShape, at: number): BackendShape[] =>
  Array<BackendShape>(at === 0 ? DEFAULT_SPARES : OTHER_SPARES).fill(shape);

function titleOf(backend: Backend, routes: readonly Route[]): string {
  const own = backend.host + backend.path;
  const others = routes.filter(({ host }) => host !== backend.host).map(({ host, path }) => host + path);
  return others.length > 8
    ? `${own} and ${others.length} other names (in hosts.map)`
    : [own, ...others].join(", ");
}

/** The server as it stands after `server` in the file and after `add server BACKEND/` at run time. */
export function renderServer(
  backend: Backend,
  server: Server,
  templates: Templates,
  version: HaproxyVersion,
): string {
  const before = lines.get(server);
  if (before?.templates === templates && before.intervalMs === backend.shape.checkIntervalMs) {
    return before.line;
  }
  const line = templates.render("server.eta", serverData(backend, server, version)).trimEnd();
  lines.set(server, { templates, intervalMs: backend.shape.checkIntervalMs, line });
  return line;
}

/** Lines that were rendered before: a server's object stays the same while nothing about it changes. */
const lines = new WeakMap<
  Server,
  { readonly templates: Templates; readonly intervalMs: number; readonly line: string }
>();

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

function backendData(name: string, shape: BackendShape, model: Model) {
  const httpsPort = model.frontend.tls?.port;
  return {
    name,
    balance: shape.balance,
    isHashing: isHashing(shape.balance),
    checkOption: shape.check.option,
    checkLines: shape.check.lines,
    options: shape.options,
    rules: shape.rules,
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
  };
}

function serverData(backend: Backend, server: Server, version: HaproxyVersion) {
  const host = isWildcard(backend.host) ? undefined : backend.host;
  return {
    name: server.name,
    endpoint: formatEndpoint(server.address, server.port),
    numericId: server.numericId,
    checkIntervalMs: backend.shape.checkIntervalMs,
    tls: server.tls === undefined ? undefined : {
      verify: server.tls.verify,
      host,
      // HAProxy knows the system's authorities by a name of its own from 2.6 on.
      authorities: isAtLeast(version, [2, 6]) ? "@system-ca" : "/etc/ssl/certs/ca-certificates.crt",
    },
  };
}
