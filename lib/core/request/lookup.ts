import { EVERY_HOST } from "../values/host_pattern.ts";
import type { Flag, RouteId } from "../values/names.ts";
import {
  HOSTS_MAP,
  PATTERNS_MAP,
  type Table,
  type TableKey,
  type TableName,
  type Tables,
  type TableValue,
} from "../values/table.ts";
import { flagsOf, targetOf } from "../runtime/route_value.ts";

/** What of a host decides which route a request takes: the host itself, or what stands for it. */
export type HostKind = "host" | "wildcard" | "pattern" | "every host";

/** One look into hosts.map: what was looked for, and the row that was found, of which the longest counts. */
export type Look = { readonly kind: HostKind; readonly sought: string; readonly row: TableKey | undefined };

/** A row of hosts.map, read. */
export type Target = {
  readonly row: TableKey;
  /** The section that serves, which may be a spare. */
  readonly backend: string;
  readonly flags: ReadonlySet<Flag>;
  readonly id: RouteId;
};

/** What the lookup found, and what the rules after it know. */
export type Found = Target & {
  readonly kind: HostKind;
  /** What was looked for: rows of redirects are compared with it. */
  readonly route: string;
  /** It stands for variants alone. */
  readonly isOnly: boolean;
};

/** How a lookup went. */
export type Lookup = {
  readonly looks: readonly Look[];
  readonly found: Found | undefined;
  /** The pattern of hosts that matched, before any path was looked at. */
  readonly pattern: string | undefined;
  /** What stands for the variants of the longest wildcard with any, where nothing before it has a route to the path. */
  readonly wild: Target | undefined;
};

const NONE: Table = new Map();

/** A table by its name; one without rows where it is not there. */
export const tableNamed = (tables: Tables, name: TableName): Table => tables.get(name) ?? NONE;

/** The longest key that a text begins with (`map_beg`). */
export function longestKey(table: Table, text: string): TableKey | undefined {
  for (let length = text.length; length > 0; length--) {
    const key = text.slice(0, length) as TableKey;
    if (table.has(key)) return key;
  }
  return undefined;
}

/** The row that a text begins with. */
export function targetFor(hosts: Table, text: string): Target | undefined {
  const row = longestKey(hosts, text);
  const value = row === undefined ? undefined : hosts.get(row);
  return row === undefined || value === undefined ? undefined : readTarget(row, value);
}

const readTarget = (row: TableKey, value: TableValue): Target => ({
  row,
  backend: targetOf(value),
  flags: flagsOf(value),
  id: (value.split("|")[2] ?? targetOf(value)) as RouteId,
});

/** The name behind the first label of a host, of at most so many labels. */
export function parentOf(host: string, labels: number): string {
  return host.split(".").slice(1).slice(-labels).join(".");
}

/**
 * Looks a host and path up, as the rules of the frontend do (route_exact.eta, route_lookup.eta): the host itself, wildcards
 * from the longest, the first pattern that matches, then what serves every host; of each the longest path. What variants alone
 * serve counts last.
 */
export function lookUp(
  host: string,
  path: string,
  { tables, wildcardDepths }: { readonly tables: Tables; readonly wildcardDepths: readonly number[] },
): Lookup {
  const hosts = tableNamed(tables, HOSTS_MAP);
  const looks: Look[] = [];
  let only: Found | undefined;
  let wild: Target | undefined;
  const look = (kind: HostKind, name: string): Found | undefined => {
    const route = `${name}${path}/`;
    const target = targetFor(hosts, route);
    looks.push({ kind, sought: route, row: target?.row });
    if (target !== undefined) return { ...target, kind, route, isOnly: false };
    if (kind === "wildcard") wild ??= targetFor(hosts, `?wild/${route}`);
    const alone = targetFor(hosts, `?only/${route}`);
    if (alone !== undefined) only ??= { ...alone, kind, route, isOnly: true };
    return undefined;
  };
  const end = (found: Found | undefined, pattern?: string): Lookup => ({ looks, found, pattern, wild });
  const exact = look("host", host);
  if (exact !== undefined) return end(exact);
  for (const name of wildcardsOf(host, wildcardDepths)) {
    const found = look("wildcard", name);
    if (found !== undefined) return end(found);
  }
  const pattern = firstMatch(tableNamed(tables, PATTERNS_MAP), host);
  const found = (pattern === undefined ? undefined : look("pattern", pattern)) ??
    look("every host", EVERY_HOST);
  return end(found ?? only, pattern);
}

/** The wildcards that are looked up for a host, the longest first, each once. */
function wildcardsOf(host: string, depths: readonly number[]): string[] {
  const names = depths.map((labels) => parentOf(host, labels)).filter((name) => name !== "");
  return [...new Set(names)].map((name) => `*.${name}`);
}

/** The value of the first row whose expression matches (`map_reg`). */
function firstMatch(table: Table, text: string): TableValue | undefined {
  for (const [expression, value] of table) if (new RegExp(expression).test(text)) return value;
  return undefined;
}
