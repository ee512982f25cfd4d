import { type HaproxyVersion, isAtLeast } from "../keys/backend_option.ts";
import { plainShared } from "../model/merge_options.ts";
import { isDynamic, isHashing } from "../keys/balance.ts";
import { ROUTE_KEYS } from "../keys/route_keys.ts";
import type { Backend, BackendShape, Frontend, Model, Server } from "../model/model.ts";
import { serverAuthorities, serverCertificate } from "../certificates/named_file.ts";
import { type BackendName, formatEndpoint, isDnsName, isWildcard, type ServerName } from "../values/names.ts";
import { type AskedMemory, type RouteTexts, routeTexts } from "./route_tables.ts";
import type { Templates } from "./templates.ts";

/** A backend section of the config. */
export type Section = {
  /** Everything that a command cannot change, as one text. */
  readonly shape: string;
  readonly isSpare: boolean;
  /** Its balance takes servers and weights at run time (HAProxy manual, 4.2, `balance`). */
  readonly isDynamic: boolean;
  /** HAProxy makes a cookie for each of its servers. */
  readonly isSticky: boolean;
  readonly servers: readonly SectionServer[];
};

/** A server of a section; `line` is what stands after `server`. */
export type SectionServer = { readonly name: ServerName; readonly comment: string; readonly line: string };

/** What sections are rendered with, beside their backends. */
export type Rendering = {
  readonly templates: Templates;
  readonly version: HaproxyVersion;
  readonly frontend: Frontend;
  /** A request that ends its containers is counted by rules of the config, and ended by a file beside it. */
  readonly hasLastTry: boolean;
  /** Rules that all backends have stand in one section of defaults; else in each backend. */
  readonly hasAnswers: boolean;
  readonly memory: SectionMemory;
};

/** Spare backends that are kept ready: of the shape that most hosts have, and of each other shape in use. */
const DEFAULT_SPARES = 16;
const OTHER_SPARES = 2;
/** Shapes beyond this many are not kept ready. */
const MOST_SHAPES = 16;

/** What a section is rendered from: the same object as long as nothing about it changes. */
type SectionData = {
  readonly name: string;
  readonly title: string | undefined;
  /** What its containers say of it. */
  readonly options: BackendShape;
  readonly isHashing: boolean;
  readonly hasLastTry: boolean;
  readonly hasAnswers: boolean;
  readonly errorPages: Frontend["errorPages"];
  readonly servers: readonly SectionServer[];
};

/** A backend with its section, and with what its route is in tables. */
export type Prepared = {
  readonly backend: Backend;
  readonly data: SectionData;
  readonly section: Section;
  readonly texts: RouteTexts;
};

/** What is remembered of sections from one pass to the next, for one set of templates and settings. */
export class SectionMemory {
  /** What was prepared for a model's backends, by their names. */
  backends:
    | { readonly rendering: Rendering; readonly prepared: ReadonlyMap<BackendName, Prepared> }
    | undefined;
  /** What new hosts may be made from, by what decides it. */
  ready: { readonly key: string; readonly rendering: Rendering; readonly ready: Ready } | undefined;
  /** The shape of a container that asks for nothing. */
  plain: BackendShape | undefined;
  readonly asked: AskedMemory = new WeakMap();
  readonly #shapeTexts = new WeakMap<BackendShape, string>();
  readonly #texts = new WeakMap<SectionData, string>();

  /** A shape as one text: two backends of the same text can stand in for each other. */
  shapeText(shape: BackendShape): string {
    const before = this.#shapeTexts.get(shape);
    if (before !== undefined) return before;
    const text = JSON.stringify(shape);
    this.#shapeTexts.set(shape, text);
    return text;
  }

  /** What `backend.eta` makes of a section. */
  textOf(data: SectionData, templates: Templates): string {
    const before = this.#texts.get(data);
    if (before !== undefined) return before;
    // What is kept is made one text here: as a template leaves it, it is a tree of all its pieces, many times as large.
    const text = `${templates.render("backend.eta", data).trimEnd()}\n`;
    this.#texts.set(data, text);
    return text;
  }
}

/** The sections of a model's backends, in its order and by name; the same objects as the last time where nothing differs. */
export function prepareBackends(
  backends: readonly Backend[],
  rendering: Rendering,
): { readonly list: readonly Prepared[]; readonly byName: ReadonlyMap<BackendName, Prepared> } {
  const { memory } = rendering;
  const { backends: last } = memory;
  const before = last !== undefined && isSameRendering(last.rendering, rendering) ? last.prepared : undefined;
  const list = backends.map((backend) => prepareBackend(backend, before?.get(backend.name), rendering));
  const prepared = new Map<BackendName, Prepared>();
  for (const each of list) prepared.set(each.backend.name, each);
  memory.backends = { rendering, prepared };
  return { list, byName: prepared };
}

const isSameRoute = (before: Backend | undefined, { options, routes }: Backend): boolean =>
  before?.options === options && before.routes === routes;

function prepareBackend(backend: Backend, before: Prepared | undefined, rendering: Rendering): Prepared {
  if (before?.backend === backend) return before;
  const { memory } = rendering;
  const isSameShape = before !== undefined &&
    memory.shapeText(before.backend.shape) === memory.shapeText(backend.shape);
  const known = isSameShape
    ? new Map(before.backend.servers.map((server, at) => [server, before.section.servers[at]]))
    : undefined;
  const servers = backend.servers.map((server) =>
    known?.get(server) ?? renderServer(backend, server, rendering)
  );
  return {
    backend,
    texts: isSameRoute(before?.backend, backend) && before !== undefined
      ? before.texts
      : routeTexts(backend, memory.asked),
    data: sectionData(backend.name, backend.shape, rendering, titleOf(backend), servers),
    section: sectionOf(backend.shape, false, servers, memory),
  };
}

/** Names of a backend that its title tells. */
const MOST_NAMED = 8;

function titleOf({ host, path, routes }: Backend): string {
  const own = host + path;
  if (routes.length === 1) return own;
  const others = routes.filter((route) => route.host !== host);
  return others.length > MOST_NAMED
    ? `${own} and ${others.length} other names (in hosts.map)`
    : others.reduce((title, route) => `${title}, ${route.host}${route.path}`, own);
}

/** What new hosts are made from without a reload: spares, or where backends can be added, sections of defaults. */
type Ready = {
  readonly spares: readonly SectionData[];
  readonly defaults: readonly (SectionData & { readonly shape: string; readonly parent: string })[];
  readonly sections: readonly (readonly [string, Section])[];
};

/** What new hosts may be made from; the same objects as the last time where nothing differs. */
export function prepareReady(
  model: Model,
  balance: string,
  canAddBackends: boolean,
  rendering: Rendering,
): Ready {
  const { memory } = rendering;
  const shapes = readyShapes(model, balance, memory);
  const key = `${canAddBackends} ${shapes.map((shape) => memory.shapeText(shape))}`;
  const before = memory.ready;
  if (before?.key === key && isSameRendering(before.rendering, rendering)) return before.ready;
  const dataOf = (name: string, shape: BackendShape): SectionData =>
    sectionData(name, shape, rendering, undefined, []);
  const spares = canAddBackends ? [] : shapes.flatMap(multiply);
  const ready: Ready = {
    spares: spares.map((shape, at) => dataOf(`_spare_${at + 1}`, shape)),
    sections: spares.map((shape, at) => [`_spare_${at + 1}`, sectionOf(shape, true, [], memory)]),
    defaults: (canAddBackends ? shapes : []).map((shape, at) => ({
      ...dataOf(`_defaults_${at + 1}`, shape),
      parent: shape.tcp === undefined ? "_base" : "_tcp_base",
      shape: memory.shapeText(shape),
    })),
  };
  memory.ready = { key, rendering, ready };
  return ready;
}

/**
 * What `backend.eta` makes of a section. What has not changed is not rendered again; a user's own template may look at
 * everything else too, as it may where it is included.
 */
export function textsOf(all: object, { templates, memory }: Rendering): (data: SectionData) => string {
  if (templates.overlaid.has("backend.eta")) {
    return (data) => templates.render("backend.eta", { ...all, ...data });
  }
  return (data) => memory.textOf(data, templates);
}

function sectionOf(
  shape: BackendShape,
  isSpare: boolean,
  servers: Section["servers"],
  memory: SectionMemory,
): Section {
  return {
    shape: memory.shapeText(shape),
    isSpare,
    isDynamic: isDynamic(shape.balance_algorithm),
    isSticky: shape.sticky_session_cookie !== undefined,
    servers,
  };
}

/** The shapes that a new host may come in: first the one of a container that asks for nothing, then those in use. */
function readyShapes(model: Model, balance: string, memory: SectionMemory): BackendShape[] {
  const plain = memory.plain ??= plainShared({ balance, redirectsToTls: false }).shape;
  const shapes = new Map([[memory.shapeText(plain), plain]]);
  for (const { shape } of model.backends) {
    if (!isDynamic(shape.balance_algorithm)) continue;
    shapes.set(memory.shapeText(shape), shape);
  }
  const [first, ...others] = [...shapes.keys()];
  return [first ?? "", ...others.sort()].slice(0, MOST_SHAPES).map((key) => shapes.get(key) ?? plain);
}

const multiply = (shape: BackendShape, at: number): BackendShape[] =>
  Array<BackendShape>(at === 0 ? DEFAULT_SPARES : OTHER_SPARES).fill(shape);

function isSameRendering(a: Rendering, b: Rendering): boolean {
  return a.templates === b.templates && a.version === b.version && a.frontend === b.frontend &&
    a.hasLastTry === b.hasLastTry && a.hasAnswers === b.hasAnswers;
}

function sectionData(
  name: string,
  shape: BackendShape,
  { frontend, hasLastTry, hasAnswers }: Rendering,
  title: string | undefined,
  servers: SectionData["servers"],
): SectionData {
  return {
    name,
    title,
    options: shape,
    isHashing: isHashing(shape.balance_algorithm),
    hasLastTry,
    hasAnswers,
    errorPages: frontend.errorPages,
    servers,
  };
}

/** The server, with its line as it stands after `server` in the file and after `add server BACKEND/` at run time. */
function renderServer(backend: Backend, server: Server, { templates, version }: Rendering): SectionServer {
  const line = templates.render("server.eta", serverData(backend, server, version)).trimEnd();
  const { name, containerName, via } = server;
  return {
    name,
    comment: via === "published" ? `${containerName}, through a port of its engine` : containerName,
    line,
  };
}

/**
 * How far apart checks of containers on other machines are where nothing is said of them, in milliseconds. A check has as long for
 * its answer (HAProxy manual, 5.2, `inter`), so that one that asks by HTTP stays as far apart as others.
 */
const REMOTE_CHECK_MS = 1_000;
const USUAL_CHECK_MS = ROUTE_KEYS.check_interval.fallback;

function serverData(backend: Backend, server: Server, version: HaproxyVersion) {
  const { shape: { check_interval: given, check: { option } } } = backend;
  const isRemote = server.isRemote === true;
  const { ssl_backend_ca: ca, ssl_backend_cert: cert, ssl_backend_sni: sni } = server.options;
  return {
    /** No engine tells at once of the loss of a machine. */
    checkIntervalMs: isRemote && given === USUAL_CHECK_MS && option === undefined ? REMOTE_CHECK_MS : given,
    isRemote,
    name: server.name,
    endpoint: formatEndpoint(server.address, server.port),
    isNamed: isDnsName(server.address),
    numericId: server.numericId,
    backend: backend.shape,
    options: server.options,
    /** The name that its certificate is to be for, where that is one name. */
    tlsHost: sni ?? (isWildcard(backend.host) ? undefined : backend.host),
    isVerified: ca !== undefined || server.options.ssl_backend_tls_verify === "required",
    authorities: ca === undefined ? systemAuthorities(version) : serverAuthorities(ca),
    certificate: cert === undefined ? undefined : serverCertificate(cert),
  };
}

/** HAProxy knows the system's authorities by a name of its own from 2.6 on. */
const systemAuthorities = (version: HaproxyVersion): string =>
  isAtLeast(version, [2, 6]) ? "@system-ca" : "/etc/ssl/certs/ca-certificates.crt";
