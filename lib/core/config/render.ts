import { answerOptions, bindLines, innerOptions } from "./bind_lines.ts";
import { linesOf, NO_TCP, type TcpPart, tcpPartOf, tcpPorts } from "./tcp_part.ts";
import { type CertificateSet, CERTS_LIST, listText, SHOWN_LIST, shownText } from "../certificates/choose.ts";
import { isAtLeast } from "../keys/backend_option.ts";
import { FORWARDING_HEADERS, FORWARDING_RULES } from "./forwarding_headers.ts";
import { ERROR_PAGES_MAP } from "../model/error_pages.ts";
import type { Fleet, Frontend, Model } from "../model/model.ts";
import { type Flag, formatEndpoint } from "../values/names.ts";
import {
  HOSTS_MAP,
  ROUTE_TABLES,
  type TableKey,
  type Tables,
  tableText,
  type TableValue,
} from "../values/table.ts";
import { LONGEST_PATTERN_PATH, REDIRECT_CODES } from "../keys/redirect.ts";
import { RATE_TABLES } from "../keys/limits.ts";
import { type CryptList, cryptList } from "../keys/password.ts";
import { STRIP_STEPS } from "../keys/strip.ts";
import { inFront } from "./in_front.ts";
import { type Lua, luaOf, luaTexts } from "./lua_files.ts";
import { heirsOf, knownFlags, knownOfTcp, tablesOf } from "./route_tables.ts";
import { MOST_STREAMS, OTHER_CONNECTIONS } from "./descriptors.ts";
import {
  prepareBackends,
  prepareReady,
  type Rendering,
  type Section,
  SectionMemory,
  textsOf,
} from "./section.ts";
import type { RoutingSettings } from "../model/routing_settings.ts";
import type { Templates } from "./templates.ts";

/** The name of a rendered file; no folders in it. */
export type FileName = string;

/** The routing's files, by name: haproxy.cfg and what it names. */
export type Files = ReadonlyMap<FileName, string>;

/** Files, and the certificates that one of them names. */
export type FileSet = { readonly files: Files; readonly certificates?: CertificateSet | undefined };

/** What is wanted: the model, the files that say it, and the same in pieces that can be compared. */
export type Desired = {
  readonly model: Model;
  readonly files: Files;
  /** haproxy.cfg without its backends, what it has for TCP, and resolvers. */
  readonly fixed: string;
  readonly tcp: TcpPart;
  /** Lines that say whom HAProxy asks for servers that have names; empty where no route has one. */
  readonly resolvers: string;
  /** Backends and spares, by the name of their section. */
  readonly sections: ReadonlyMap<string, Section>;
  /** The `defaults` sections that a new backend of a shape can be made from at run time, by shape. */
  readonly defaults: ReadonlyMap<string, string>;
  /** The map files among the files, row by row. hosts.map names the backend of each route, wherever it is served now. */
  readonly tables: Tables;
  /** What each route's row in hosts.map would be, if its backend were gone. */
  readonly heirs: ReadonlyMap<TableKey, TableValue>;
  /** The certificates that certs.list names; `undefined` without a TLS listener. */
  readonly certificates: CertificateSet | undefined;
};

/** What a config is rendered with, beside its model. */
export type RenderSettings = Pick<RoutingSettings, "haproxyVersion" | "balance" | "addBackends">;

/** The file that ends a request which ended its containers. */
export const LAST_TRY = "last_try.lua";

/**
 * What belongs together to end a request that ends its containers: where a user's own is among them, there are fewer
 * retries in its place. So it is where backends are added at run time: HAProxy does not look again at rules of `defaults`;
 * and where a route caches: HAProxy never forgets a stream with a filter that is ended so.
 */
const LAST_TRY_TEMPLATES = [
  ...["haproxy.cfg.eta", "global.eta", "defaults.eta", "backend.eta"],
  ...["frontend.eta", "route_cache.eta"],
];

/** A user's own, written for spares, may not say what new backends are made from. */
const ADDING_TEMPLATES = ["haproxy.cfg.eta", "defaults.eta", "backend.eta"];

type Fixed = {
  readonly frontend: Frontend;
  readonly key: string;
  readonly text: string;
  readonly flags: ReadonlySet<Flag> | undefined;
  /** What a template of it writes, by its name. */
  readonly part: (name: string) => string;
};

/** What is remembered from one pass to the next, for one set of templates and settings. */
export class RenderMemory {
  readonly sections = new SectionMemory();
  /** The config without its backends, by what it was rendered from, and the flags that its rules look at. */
  fixed: Fixed | undefined;
  /** The Lua files, which are the same as long as the templates and settings are. */
  lua: { readonly texts: Files; readonly forTemplates: Lua | undefined } | undefined;
}

/** The data of templates that is the same for every model. */
const ALWAYS = {
  streams: MOST_STREAMS,
  longestPatternPath: LONGEST_PATTERN_PATH,
  redirectCodes: REDIRECT_CODES,
  stripSteps: STRIP_STEPS,
  forwardingHeaders: FORWARDING_HEADERS,
  forwarding: FORWARDING_RULES,
  rateTables: RATE_TABLES,
};

/** Renders what the model wants; the same model, templates and settings give the same bytes. Throws TemplateError. */
export function renderDesired(
  model: Model,
  templates: Templates,
  { haproxyVersion: version, balance, addBackends }: RenderSettings,
  memory = new RenderMemory(),
): Desired {
  const { frontend } = model;
  const fromModel = fixedFrom(model);
  const features = featuresOf(templates, addBackends && isAtLeast(version, [3, 4]), fromModel.hasCache);
  const { canAddBackends, hasAnswers, hasLastTry } = features;
  const rendering: Rendering = { templates, version, frontend, ...features, memory: memory.sections };
  const { list: prepared, byName } = prepareBackends(model.backends, rendering);
  const sections = new Map<string, Section>();
  for (const { backend, section } of prepared) sections.set(backend.name, section);
  const ready = prepareReady(model, balance, canAddBackends, rendering);
  for (const [name, section] of ready.sections) sections.set(name, section);
  const { spares, defaults } = ready;
  const lua = memory.lua ??= prepareLua(templates, frontend);
  const base = {
    ...frontend,
    ...fromModel,
    connections: connectionsOf(model) + OTHER_CONNECTIONS,
    ...ALWAYS,
    binds: bindLines(frontend, model.streams.areBeforeHttps),
    innerOptions: innerOptions(frontend),
    answerOptions: answerOptions(frontend),
    lua: lua.forTemplates,
    fleet: frontend.fleet && fleetLines(frontend.fleet),
    inFront: inFront(frontend),
  };
  const { text: fixed, flags, part: fixedPart } = renderFixed(
    frontend,
    JSON.stringify([fromModel, canAddBackends, hasAnswers, hasLastTry]),
    { ...base, backends: [], spares: [], defaults: [], canAddBackends, hasAnswers, hasLastTry },
    templates,
    memory,
  );
  const { tcp, part, known = flags } = renderTcp(model, base, templates);
  const hasNames = prepared.some((each) => each.hasNames);
  const { tables, rows } = tablesOf(model, byName, flags, known);
  const backends = prepared.map(({ data }) => data);
  const all = { ...base, tcp, hasNames, backends, spares, defaults, canAddBackends, hasAnswers, hasLastTry };
  // A user's own template may look at everything.
  const partOf = templates.overlaid.size === 0 ? fixedPart : (name: string) => templates.render(name, all);
  const hosts = tables.get(HOSTS_MAP) ?? new Map<TableKey, TableValue>();
  return {
    model,
    files: new Map([
      [
        "haproxy.cfg",
        templates.render("haproxy.cfg.eta", { ...all, part: partOf, textOf: textsOf(all, rendering) }),
      ],
      [HOSTS_MAP, templates.render(`${HOSTS_MAP}.eta`, { routes: rows })],
      ...tableFiles(tables),
      ...lua.texts,
      ...frontend.errorPages === undefined ? [] : [[ERROR_PAGES_MAP, frontend.errorPages.map] as const],
      ...hasLastTry ? [[LAST_TRY, lastTry(frontend, templates)] as const] : [],
      ...certificateFiles(model),
    ]),
    fixed,
    tcp: part,
    resolvers: hasNames ? linesOf(templates.render("resolvers.eta", base)).join("\n") : "",
    sections,
    defaults: new Map(defaults.map(({ shape, name }) => [shape, name])),
    tables,
    heirs: heirsOf(model, hosts, byName),
    certificates: model.certificates,
  };
}

const fleetLines = ({ peers, tls }: Fleet) => ({
  tls,
  peers: peers.map(({ name, address, port }) => ({ name, place: formatEndpoint(address, port) })),
});

/** What the config has beside its routes: it depends on HAProxy, and on which templates are a user's own. */
function featuresOf({ overlaid }: Templates, addBackends: boolean, hasCache: boolean) {
  const areBuiltIn = (names: readonly string[]) => !names.some((name) => overlaid.has(name));
  const canAddBackends = addBackends && areBuiltIn(ADDING_TEMPLATES);
  return {
    canAddBackends,
    hasLastTry: !canAddBackends && !hasCache && areBuiltIn(LAST_TRY_TEMPLATES),
    // A user's own defaults have no name that others could begin from; nor do backends that are added have a section here.
    hasAnswers: !canAddBackends && areBuiltIn(["defaults.eta"]),
  };
}

const lastTry = ({ errorPages }: Frontend, templates: Templates): string =>
  templates.render(`${LAST_TRY}.eta`, { hasPages: errorPages?.statuses.includes(502) ?? false });

/** Connections of clients at a time; those whose TLS ends behind a frontend of TCP come in twice. */
const connectionsOf = ({ frontend: { maxConnections, hasTcpPorts, tls }, streams }: Model): number =>
  maxConnections * (1 + (hasTcpPorts ? tls === undefined ? 1 : 2 : 0) + (streams.areBeforeHttps ? 3 : 0));

/** What templates need to know for TCP, and what they make of it; nothing where no route wants it. */
function renderTcp({ streams, frontend }: Model, base: object, templates: Templates) {
  if (streams.listens.length === 0) return { part: NO_TCP };
  const { wildcardDepths, areBeforeHttps } = streams;
  const tcp = { ports: tcpPorts(frontend, streams), wildcardDepths, areBeforeHttps };
  const text = templates.render("tcp.eta", { ...base, tcp });
  return { tcp, part: tcpPartOf(linesOf(text)), known: knownOfTcp(text) };
}

const tableFiles = (tables: Tables): readonly (readonly [FileName, string])[] =>
  [...ROUTE_TABLES].map(([name, title]) => [name, tableText(title, tables.get(name) ?? new Map())]);

const certificateFiles = ({ certificates, frontend }: Model): readonly (readonly [FileName, string])[] => [
  ...certificates === undefined ? [] : [[CERTS_LIST, listText(certificates)] as const],
  ...frontend.showsCertificates ? [[SHOWN_LIST, shownText(certificates ?? {})] as const] : [],
];

/** What the model changes of the config without its backends: each change of it is a reload. */
const fixedFrom = (model: Model) => ({
  wildcardDepths: model.wildcardDepths,
  isBehind: model.streams.areBeforeHttps,
  userlists: userlists(model),
  // Its rules cost each request a filter, and all routes the tries that last_try.lua allows.
  hasCache: model.backends.some(({ options }) => options.cache === true),
});

/** The passwords of each route of which only crypt knows the hash. */
function userlists({ backends }: Model): (CryptList & { readonly name: string })[] {
  const asking = backends.filter(({ options }) => options.basic_auth !== undefined);
  const lists = asking.map(({ name, options }) => ({ name, ...cryptList(options.basic_auth ?? []) }));
  return lists.filter(({ users }) => users.length > 0);
}

function prepareLua(templates: Templates, frontend: Frontend): NonNullable<RenderMemory["lua"]> {
  const texts = luaTexts(templates, frontend);
  return { texts, forTemplates: luaOf(texts) };
}

/** The config without its backends, which stays the same from one pass to the next; `key` is all that may change but the settings. */
function renderFixed(
  frontend: Frontend,
  key: string,
  data: Record<string, unknown>,
  templates: Templates,
  memory: RenderMemory,
): NonNullable<RenderMemory["fixed"]> {
  const before = memory.fixed;
  if (before?.frontend === frontend && before.key === key) return before;
  const parts = new Map<string, string>();
  const part = (name: string): string => {
    const text = parts.get(name) ?? templates.render(name, data);
    parts.set(name, text);
    return text;
  };
  const text = templates.render("haproxy.cfg.eta", { ...data, part });
  return memory.fixed = { frontend, key, text, flags: knownFlags(text), part };
}
