import { keysOf } from "../keys/options.ts";
import { type RouteRow, rowOf } from "../keys/route_row.ts";
import { keyNamed } from "../keys/route_keys.ts";
import type { Backend, Model, Route, RouteOptions } from "../model/model.ts";
import { flagsOf, hasFlags, routeValue, targetOf, withFlags } from "../runtime/route_value.ts";
import type { BackendName, Flag, HostName, RouteId } from "../values/names.ts";
import { HTTPS_BACKEND } from "../values/listen.ts";
import { expressionOf } from "../values/host_pattern.ts";
import {
  HOSTS_MAP,
  PATTERNS_MAP,
  REDIRECTS_MAP,
  ROUTE_TABLES,
  ROUTES_MAP,
  type Table,
  type TableKey,
  type TableName,
  type Tables,
  type TableValue,
  VARIANTS_MAP,
} from "../values/table.ts";

/** The flag of a route that redirects plain HTTP. */
const TLS_ONLY: Flag = "tls";
/** The flag of a host and path whose clients are sent elsewhere. */
const REDIRECT: Flag = "redirect";
/** The flag of a host and path of which some requests are for variants, and of one that has variants alone. */
const VARIANTS: Flag = "variants";
const ONLY: Flag = "only";

/** The flag of a route that some addresses may not ask: all of them, where it has no rows. */
const ACCESS: Flag = "access";

/** The flag of a route of TCP whose TLS HAProxy ends: its connections go to where it does. */
const INNER: Flag = "inner";

/** The flag of a route that answers authorities by itself: no rule closes it, so that it is open where none looks at it. */
const OWN_ACME: Flag = "ownacme";

/** What a route is in tables: the value of its hosts and paths in hosts.map, and the rows that are keyed by its id. */
export type RouteTexts = {
  readonly value: TableValue;
  readonly isOwnAcme: boolean;
  readonly rows: readonly RouteRow[];
};

const KEYS = keysOf("route").flatMap((name) => {
  const row = keyNamed(name);
  const needed = keysOf("route").find((key) => key === row.needs?.key);
  return row.scope === "route"
    ? [{
      name,
      needed,
      flag: row.flag,
      rows: row.rows as RowsOf | undefined,
      isFlagged: row.isFlagged as ((value: unknown) => boolean) | undefined,
    }]
    : [];
});
type RowsOf = (value: unknown, route: RouteId, beside: RouteOptions) => readonly RouteRow[];

/** What a backend's route is in tables, from what its containers ask for. */
export function routeTexts({ name, options, routes }: RoutingParts, memory: SaidMemory): RouteTexts {
  const { keys, flags } = saidBy(options, memory);
  const rows = keys.length === 0
    ? NO_ROWS
    : keys.flatMap((key) => key.rows?.(options[key.name], name, options) ?? []);
  const moved: RouteRow[] = [];
  for (const { key, move } of routes) {
    if (move !== undefined) moved.push(rowOf(name, key, move, REDIRECTS_MAP));
  }
  return {
    value: routeValue(name, flags, name),
    isOwnAcme: flags.includes(OWN_ACME),
    rows: moved.length === 0 ? rows : [...rows, ...moved],
  };
}

type Said = { readonly keys: typeof KEYS; readonly flags: readonly Flag[] };
const NO_ROWS: readonly RouteRow[] = [];
/** What options ask for: all routes that ask for nothing share one object. */
export type SaidMemory = WeakMap<RouteOptions, Said>;

function saidBy(options: RouteOptions, memory: SaidMemory): Said {
  const before = memory.get(options);
  if (before !== undefined) return before;
  const keys = KEYS.filter(({ name, needed }) =>
    isSaid(options[name]) && (needed === undefined || isSaid(options[needed]))
  );
  const flagged = keys.filter(({ name, isFlagged }) => isFlagged?.(options[name]) ?? true);
  const found = { keys, flags: [...new Set(flagged.map(({ flag }) => flag))] };
  memory.set(options, found);
  return found;
}

type RoutingParts = Pick<Backend, "name" | "options" | "routes">;

const NO_ISSUERS: NonNullable<Model["issuers"]> = new Map();

const ALL_FLAGS = [...new Set([REDIRECT, VARIANTS, ONLY, ...KEYS.map(({ flag }) => flag)])];
const ALL: ReadonlySet<Flag> = new Set(ALL_FLAGS);
const NONE: ReadonlySet<Flag> = new Set([OWN_ACME]);

const isSaid = (value: RouteOptions[keyof RouteOptions] | undefined): boolean =>
  value !== undefined && value !== false && value !== "";

/** A row of hosts.map for its template: the route, with its value in place of the name of its backend. */
export type HostRow = Pick<Route, "key" | "host" | "path" | "by"> & { readonly backend: TableValue };

/** What each backend's route is in tables, by the name of the backend: of all backends of a model, in its order. */
type TextsOf = ReadonlyMap<BackendName, { readonly texts: RouteTexts }>;

/**
 * Rules for variants have to know the one that refuses all others, and those of wildcards that stand behind ?wild/, beside their
 * flag: a user's own of before knows neither, and would let in whom a protected variant refuses.
 */
function knowsVariants(fixed: string): boolean {
  return /var\(txn\.variant\) -m str "?!/.test(fixed) && fixed.includes("set-var(txn.behind)") &&
    (!fixed.includes("set-var(txn.parent)") || fixed.includes("set-var(txn.wild)"));
}

/** The flags that rules of the frontend look at: `,tls,`. `undefined` where a user's own knows backends alone. */
export function knownFlags(fixed: string): ReadonlySet<Flag> | undefined {
  if (!fixed.includes("txn.flags")) return undefined;
  // A comma that ends one flag may begin the next.
  const named = new Set(Array.from(fixed.matchAll(/,([a-z0-9]+)(?=,)/g), ([, flag]) => flag));
  const knows = (flag: Flag) => named.has(flag) && (flag !== VARIANTS || knowsVariants(fixed));
  const known = ALL_FLAGS.filter((flag) => flag === OWN_ACME || knows(flag));
  return known.length === ALL_FLAGS.length ? ALL : new Set(known);
}

/** The flags that rules for TCP look at. */
export function knownOfTcp(text: string): ReadonlySet<Flag> | undefined {
  const known = knownFlags(text);
  return known === undefined || !text.includes(`,${INNER},`) ? known : new Set([...known, INNER]);
}

/**
 * All tables of a model, and the rows of hosts.map for its template. Where the frontend is a user's own, a route that has a
 * flag which it does not know is left out.
 */
export function tablesOf(
  { routes, streams, tlsOnly, hostPatterns, variants, issuers = NO_ISSUERS }: Model,
  textsOf: TextsOf,
  known: ReadonlySet<Flag> | undefined,
  knownOfTcp: ReadonlySet<Flag> | undefined = known,
): { readonly tables: Tables; readonly rows: readonly HostRow[] } {
  const hosts = new Map<TableKey, TableValue>();
  const rows: HostRow[] = [];
  const roots = new Roots(routes);
  const hasVariants = variants.parents.size > 0;
  const hasTlsOnly = tlsOnly.size > 0;
  for (const route of streams.routes.length === 0 ? routes : [...routes, ...streams.routes]) {
    const { key, host, path, by, backend: name } = route;
    const texts = textsOf.get(name)?.texts;
    if (texts === undefined) throw new TypeError(`The model has a route to ${name}, and no such backend`);
    const found = texts.isOwnAcme ? roots.closed(route, valueOf(route, texts)) : valueOf(route, texts);
    const value = hasVariants && variants.parents.has(key)
      ? withMore(found, route.isOnly === true ? [VARIANTS, ONLY] : [VARIANTS])
      : found;
    const wanted = hasTlsOnly && tlsOnly.has(key) ? withTlsOnly(value) : value;
    const rules = route.listen === undefined ? known : knownOfTcp;
    if (rules !== ALL && hasFlags(wanted) && !flagsOf(wanted).isSubsetOf(rules ?? NONE)) continue;
    const backend = rules === undefined ? targetOf(wanted) as TableValue : wanted;
    hosts.set(key, backend);
    rows.push({ key, host, path, by, backend });
  }
  for (const { key, host, path, by } of streams.ended) {
    const backend = routeValue(HTTPS_BACKEND, [], HTTPS_BACKEND);
    hosts.set(key, backend);
    rows.push({ key, host, path, by, backend });
  }
  const others = new Map<TableName, Map<TableKey, TableValue>>();
  for (const name of ROUTE_TABLES.keys()) others.set(name, new Map());
  for (const [key, value] of variants.rows) others.get(VARIANTS_MAP)?.set(key, value);
  for (const [key, value] of issuers) others.get(ROUTES_MAP)?.set(key, value);
  for (const host of hostPatterns) {
    others.get(PATTERNS_MAP)?.set(expressionOf(host) as TableKey, `${host}` as TableValue);
  }
  for (const { texts } of textsOf.values()) {
    for (const { table, key, value } of texts.rows) {
      const rows = others.get(table);
      // Of two rows with one key HAProxy takes the first.
      if (rows?.has(key) === false) rows.set(key, value);
    }
  }
  return { tables: new Map<TableName, Table>([[HOSTS_MAP, hosts], ...others]), rows };
}

/**
 * The value of a route in hosts.map: its backend's, with a flag of its own where its clients are sent elsewhere. Where the place is
 * closed, its flag is that of networks to let in, of which it has none.
 */
function valueOf({ backend, move, listen, guard }: Route, { value }: RouteTexts): TableValue {
  if (guard !== undefined) return routeValue(backend, [ACCESS], rowless(guard.name));
  if (listen?.isEnded === true) return withMore(value, [INNER]);
  return move === undefined ? value : withMore(value, [REDIRECT]);
}

/** An id that no route has: rows of the route itself may come a moment before it opens. No name of a backend has the mark. */
const rowless = (name: BackendName): RouteId => `${name}!` as RouteId;

/** Who serves the roots of hosts. */
class Roots {
  #owners: ReadonlyMap<HostName, BackendName> | undefined;

  constructor(readonly routes: readonly Route[]) {}

  /** The value of a route that asks for it: it leaves the host's challenges to the container only if it serves the host's root. */
  closed({ host, backend }: Route, value: TableValue): TableValue {
    this.#owners ??= new Map(this.routes.filter(isRoot).map((route) => [route.host, route.backend]));
    return this.#owners.get(host) === backend ? value : withoutOwnAcme(value);
  }
}

const isRoot = ({ path, variant, move, isOnly, listen }: Route): boolean =>
  path === "" && variant === undefined && move === undefined && isOnly === undefined &&
  listen === undefined;

function withoutOwnAcme(value: TableValue): TableValue {
  return withFlags(value, new Set([...flagsOf(value)].filter((flag) => flag !== OWN_ACME)));
}

const withMore = (value: TableValue, more: readonly Flag[]): TableValue =>
  withFlags(value, new Set([...flagsOf(value), ...more]));

/** What each route's row in hosts.map would be, if its backend were gone: that of the backend that claimed it next. */
export function heirsOf(
  model: Model,
  hosts: Table,
  textsOf: TextsOf,
): ReadonlyMap<TableKey, TableValue> {
  const heirs = new Map<TableKey, TableValue>();
  for (const [key, heir] of model.heirs) {
    const texts = textsOf.get(heir.backend)?.texts;
    if (texts === undefined) continue;
    const found = valueOf(heir, texts);
    // Until the next pass, it answers challenges of the host only if it takes the host's root.
    const value = isRoot(heir) ? found : withoutOwnAcme(found);
    const now = hosts.get(key);
    // Until the next pass decides it, an heir redirects what was redirected before.
    const isTlsOnly = now !== undefined && flagsOf(now).has(TLS_ONLY);
    heirs.set(key, isTlsOnly ? withTlsOnly(value) : value);
  }
  return heirs;
}

const withTlsOnly = (value: TableValue): TableValue =>
  withFlags(value, new Set([TLS_ONLY, ...flagsOf(value)]));
