import { stepAddresses } from "./plan_addresses.ts";
import type { Desired } from "../config/render.ts";
import { EVERY_HOST, isHostPattern } from "../values/host_pattern.ts";
import { HTTPS_BACKEND } from "../values/listen.ts";
import type { HostName } from "../values/names.ts";
import { ownerOfRow } from "../keys/route_row.ts";
import type { Operation, SectionName } from "../runtime/operation.ts";
import { flagsOf, ledTo, targetOf, withFlags } from "../runtime/route_value.ts";
import { routesOf, type Running } from "../state/running.ts";
import {
  ADDRESSES_MAP,
  HOSTS_MAP,
  ORDERED_TABLES,
  parseTable,
  type Table,
  type TableKey,
  type TableName,
  type TableValue,
} from "../values/table.ts";

/**
 * More rows than this may be one swap. HAProxy 2.6 looks through the whole table for each row that it changes: 500 of
 * 10,000 take it 150 ms, a swap of all of them 70, in pieces. Rows that only come are added at 10 µs each.
 */
const MANY_ROWS = 256;

/**
 * What changes in tables, by when it has to: what protects is there before the server or the route that it protects, and
 * goes after it. hosts.map is the last that gets a row, and the first that loses one.
 */
export type TableOperations = {
  /** Before servers become ready. */
  readonly early: readonly Operation[];
  /** Once the new servers are ready, before the old ones leave. */
  readonly routes: readonly Operation[];
  /** After the old servers left. */
  readonly late: readonly Operation[];
};

/** Rows that come or get another value, and rows that go. */
type Changes = { readonly put: ReadonlyMap<TableKey, TableValue>; readonly gone: ReadonlySet<TableKey> };

const NONE: ReadonlySet<TableKey> = new Set();

/**
 * Plans the rows of all tables; `sectionOf` has the sections of those backends that wait for no reload. `areAtHome`: all are
 * in sections of their own names.
 */
export function planTables(
  running: Running,
  desired: Desired,
  sectionOf: ReadonlyMap<string, SectionName>,
  areAtHome = false,
): TableOperations {
  const early: Operation[] = [];
  const late: Operation[] = [];
  for (const [table, wanted] of desired.tables) {
    const before = running.tables.get(table);
    // What HAProxy does not have comes with a reload.
    if (table === HOSTS_MAP || before === undefined || before.size + wanted.size === 0) continue;
    const isWaiting = (owner: string) => desired.sections.has(owner) && !sectionOf.has(owner);
    const changes = compareRows(before, wanted, isWaiting);
    if (ORDERED_TABLES.has(table)) {
      const rows = inOrder(before, wanted, isWaiting);
      if (rows !== undefined) {
        early.push({ kind: "swap-table", table, rows, others: rowsBeside(desired, table) });
      }
      late.unshift(...change(desired, table, rows ?? before, { put: new Map(), gone: changes.gone }));
      continue;
    }
    const [first, last] = table === ADDRESSES_MAP
      ? stepAddresses(before, wanted, changes)
      : [{ put: changes.put, gone: NONE }, { put: new Map(), gone: changes.gone }];
    early.push(...change(desired, table, before, first));
    if (last.put.size + last.gone.size === 0) continue;
    late.unshift(...change(desired, table, new Map([...before, ...first.put]), last));
  }
  const routes = planRoutes(running, desired, sectionOf, areAtHome);
  return { early: [...early, ...routes.early], routes: routes.routes, late: [...routes.late, ...late] };
}

/** Compares a table with what is wanted of it. A backend that waits for a reload keeps its rows as they are, as its route does. */
function compareRows(
  before: Table,
  wanted: Table,
  isWaiting: (owner: string) => boolean,
): Changes {
  const put = new Map<TableKey, TableValue>();
  const gone = new Set<TableKey>();
  for (const [key, value] of wanted) {
    if (before.get(key) !== value && !isWaiting(ownerOfRow(key))) put.set(key, value);
  }
  for (const key of before.keys()) if (!wanted.has(key) && !isWaiting(ownerOfRow(key))) gone.add(key);
  return { put, gone };
}

/**
 * The rows of a table whose order counts, with those that go at the end of it; nothing where HAProxy has them so. It adds a
 * row at the end alone.
 */
function inOrder(before: Table, wanted: Table, isWaiting: (owner: string) => boolean): Table | undefined {
  if (before.size === 0 && wanted.size === 0) return undefined;
  const rows = new Map([...before].filter(([key]) => isWaiting(ownerOfRow(key))));
  for (const [key, value] of wanted) if (!isWaiting(ownerOfRow(key))) rows.set(key, value);
  const texts = (table: Iterable<readonly [TableKey, TableValue]>) =>
    JSON.stringify([...table].filter(([key]) => rows.has(key)));
  if (texts(rows) === texts(before)) return undefined;
  for (const [key, value] of before) if (!rows.has(key)) rows.set(key, value);
  return rows;
}

function planRoutes(
  running: Running,
  desired: Desired,
  sectionOf: ReadonlyMap<string, SectionName>,
  areAtHome: boolean,
): TableOperations {
  const before = routesOf(running);
  const wanted = desired.tables.get(HOSTS_MAP) ?? new Map<TableKey, TableValue>();
  const changes = { put: new Map<TableKey, TableValue>(), gone: new Set<TableKey>() };
  const early: Operation[] = [];
  const late: Operation[] = [];
  const narrowed = new Map<TableKey, TableValue>();
  let known = 0;
  for (const [key, value] of wanted) {
    const had = before.get(key);
    if (had !== undefined) known++;
    // So it is with nearly all, in most passes.
    if (areAtHome && had === value) continue;
    const target = targetOf(value);
    const section = target === HTTPS_BACKEND ? target : sectionOf.get(target);
    if (section === undefined) continue;
    const led = ledTo(value, section);
    if (had === led) continue;
    if (had === undefined || targetOf(had) !== section) {
      changes.put.set(key, led);
      continue;
    }
    // It stays where it is: flags hold before there is a server that asks for them, and until the last one is gone.
    const flags = flagsOf(led).union(flagsOf(had));
    const isNarrowed = flags.size > flagsOf(had).size;
    if (isNarrowed) {
      const value = withFlags(led, flags);
      early.push(setRow(key, value));
      narrowed.set(key, value);
    }
    if (!isNarrowed || flags.size > flagsOf(led).size) late.push(setRow(key, led));
  }
  if (known < before.size) {
    for (const key of before.keys()) if (!wanted.has(key)) changes.gone.add(key);
  }
  // What HAProxy finds first comes first and goes last: what it finds later would serve requests to a protected place.
  const put = changes.put.size > 1
    ? new Map([...changes.put].sort(([a], [b]) => reach(a) - reach(b)))
    : changes.put;
  const gone = changes.gone.size > 1
    ? new Set([...changes.gone].sort((a, b) => reach(b) - reach(a)))
    : changes.gone;
  // A swap of all rows must not take back the flags that hold already.
  const now = narrowed.size === 0 ? before : new Map([...before, ...narrowed]);
  return { early, routes: change(desired, HOSTS_MAP, now, { put, gone }), late };
}

/** Smaller for a row that HAProxy finds before others: of a host itself, of a wildcard, of a pattern, of all; of each the longest. */
function reach(key: TableKey): number {
  const rank = key.startsWith(`${EVERY_HOST}/`)
    ? 3
    : key.startsWith("*.")
    ? 1
    : isHostPattern(key as string as HostName)
    ? 2
    : 0;
  return rank * LONGER_THAN_KEYS - key.length;
}

const LONGER_THAN_KEYS = 100_000;

/** The sections that routes lead to now which wait for a reload to lead elsewhere. */
export function sectionsOfWaiting(
  running: Running,
  desired: Desired,
  sectionOf: ReadonlyMap<string, SectionName>,
): SectionName[] {
  const routes = routesOf(running);
  const sections: SectionName[] = [];
  for (const [key, value] of desired.tables.get(HOSTS_MAP) ?? []) {
    const led = sectionOf.has(targetOf(value)) ? undefined : routes.get(key);
    if (led !== undefined) sections.push(targetOf(led));
  }
  return sections;
}

const setRow = (key: TableKey, value: TableValue): Operation => ({
  kind: "set-row",
  table: HOSTS_MAP,
  key,
  value,
});

/** The operations for changes: each row by itself, or all rows at once where that costs HAProxy less. */
function change(desired: Desired, table: TableName, before: Table, { put, gone }: Changes): Operation[] {
  const count = put.size + gone.size;
  if (count > MANY_ROWS) {
    const isAdding = gone.size === 0 && put.size <= before.size &&
      [...put.keys()].every((key) => !before.has(key));
    if (!isAdding) {
      const rows = new Map([...before, ...put]);
      for (const key of gone) rows.delete(key);
      return [{ kind: "swap-table", table, rows, others: rowsBeside(desired, table) }];
    }
  }
  return [
    ...[...put].map(([key, value]): Operation => ({
      kind: before.has(key) ? "set-row" : "add-row",
      table,
      key,
      value,
    })),
    ...[...gone].map((key): Operation => ({ kind: "delete-row", table, key })),
  ];
}

/** The rows that a user's own template has in a file beside ours. */
function rowsBeside({ files, tables }: Desired, table: TableName): Table {
  const ours = tables.get(table);
  return new Map(parseTable(files.get(table) ?? "").filter(([key]) => ours?.has(key) !== true));
}
