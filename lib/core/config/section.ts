import type { HaproxyVersion } from "../keys/backend_option.ts";
import { isDynamic, isHashing } from "../keys/balance.ts";
import { plainShared, type Shared } from "../model/merge_options.ts";
import type { Backend, BackendShape, Frontend, Model } from "../model/model.ts";
import { sharedOfStream } from "../model/streams.ts";
import { type BackendName, isDnsName } from "../values/names.ts";
import { type RouteTexts, routeTexts, type SaidMemory } from "./route_tables.ts";
import { renderServer, type SectionServer } from "./section_server.ts";
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

/**
 * Spare backends that are kept ready: of the shape that most hosts have, and of each other shape in use. Where there are
 * hundreds of hosts, hundreds may come at once: as many more for each so many backends.
 */
const DEFAULT_SPARES = 16;
const BACKENDS_EACH = 320;
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
  /** One of its servers has a name, whose address HAProxy finds. */
  readonly hasNames: boolean;
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
  plain: Shared | undefined;
  plainTcp: Shared | undefined;
  readonly said: SaidMemory = new WeakMap();
  readonly #shapeTexts = new WeakMap<BackendShape, string>();
  readonly #lineTexts = new WeakMap<BackendShape, string>();
  readonly #texts = new WeakMap<SectionData, string>();

  /** A shape as one text. */
  shapeText(shape: BackendShape): string {
    return remembered(this.#shapeTexts, shape, () => JSON.stringify(shape));
  }

  /**
   * What of a shape stands in lines of the backend, as one text: two backends of the same text can stand in for each other. A user's
   * own template may have all of it there.
   */
  lineText(shape: BackendShape, { overlaid }: Templates): string {
    if (overlaid.has("backend.eta")) return this.shapeText(shape);
    return remembered(this.#lineTexts, shape, () => JSON.stringify(inLines(shape)));
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

function remembered(
  texts: WeakMap<BackendShape, string>,
  shape: BackendShape,
  make: () => string,
): string {
  const before = texts.get(shape);
  if (before !== undefined) return before;
  const text = make();
  texts.set(shape, text);
  return text;
}

/** The interval of checks stands with each server, and how a cookie is kept says nothing where there is none. */
function inLines({ check_interval: _, ...shape }: BackendShape): Partial<BackendShape> {
  if (shape.sticky_session_cookie !== undefined) return shape;
  const { sticky_session_max_age: _age, sticky_session_secure: _secure, ...others } = shape;
  return others;
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
      : routeTexts(backend, memory.said),
    data: sectionData(backend.name, backend.shape, rendering, titleOf(backend), servers),
    section: sectionOf(backend.shape, false, servers, rendering),
    hasNames: backend.servers.some(({ address }) => isDnsName(address)),
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
  const shapes = readyShapes(model, balance, rendering);
  const usual = DEFAULT_SPARES * Math.max(1, Math.ceil(model.backends.length / BACKENDS_EACH));
  const texts = shapes.map((shape) => memory.lineText(shape, rendering.templates));
  const key = `${canAddBackends} ${usual} ${texts}`;
  const before = memory.ready;
  if (before?.key === key && isSameRendering(before.rendering, rendering)) return before.ready;
  const dataOf = (name: string, shape: BackendShape): SectionData =>
    sectionData(name, shape, rendering, undefined, []);
  const spares = canAddBackends
    ? []
    : shapes.flatMap((shape, at) => Array<BackendShape>(at === 0 ? usual : OTHER_SPARES).fill(shape));
  const ready: Ready = {
    spares: spares.map((shape, at) => dataOf(`_spare_${at + 1}`, shape)),
    sections: spares.map((shape, at) => [`_spare_${at + 1}`, sectionOf(shape, true, [], rendering)]),
    defaults: (canAddBackends ? shapes : []).map((shape, at) => ({
      ...dataOf(`_defaults_${at + 1}`, shape),
      parent: shape.tcp === undefined ? "_base" : "_tcp_base",
      shape: memory.lineText(shape, rendering.templates),
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
  { memory, templates }: Rendering,
): Section {
  return {
    shape: memory.lineText(shape, templates),
    isSpare,
    isDynamic: isDynamic(shape.balance_algorithm),
    isSticky: shape.sticky_session_cookie !== undefined,
    servers,
  };
}

/**
 * The shapes that a new host may come in: first the one of a container that asks for nothing, then those in use. TCP's listener
 * may be there without a host: it stays when its last one has gone.
 */
function readyShapes(model: Model, balance: string, { memory, templates }: Rendering): BackendShape[] {
  const plain = memory.plain ??= plainShared({ balance, redirectsToTls: false });
  const { shape: plainTcp } = memory.plainTcp ??= sharedOfStream(plain);
  const used = new Set(model.backends.map(({ shape }) => shape));
  const ready = [...used].filter((shape) => isDynamic(shape.balance_algorithm));
  if (model.streams.listens.length > 0) ready.push(plainTcp);
  const own = memory.lineText(plain.shape, templates);
  const shapes = new Map(ready.map((shape) => [memory.lineText(shape, templates), shape]));
  shapes.delete(own);
  const others = [...shapes.keys()].sort().slice(0, MOST_SHAPES - 1);
  return [plain.shape, ...others.map((text) => shapes.get(text) ?? plain.shape)];
}

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
