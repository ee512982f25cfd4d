import type { Expression } from "../values/expression.ts";
import type { RouteId } from "../values/names.ts";
import {
  parseTableKey,
  parseTableValue,
  ROUTES_MAP,
  type TableKey,
  type TableName,
  type TableValue,
} from "../values/table.ts";

/** A row that a key of a route makes in a table. */
export type RouteRow = { readonly table: TableName; readonly key: TableKey; readonly value: TableValue };

/**
 * A row about a route: its key is the route's id, `|` and a word. Throws where the word or the value cannot stand in a row:
 * the parser of the key has to leave that out.
 */
export function rowOf(route: RouteId, word: string, value: string, table: TableName = ROUTES_MAP): RouteRow {
  return row(table, `${route}|${word}`, value);
}

/**
 * A row of a table of regular expressions: its key matches the route's id, `|`, and what the pattern matches as a whole.
 * The pattern has to be an expression that was parsed.
 */
export function patternRow(route: RouteId, pattern: Expression, value: string, table: TableName): RouteRow {
  return row(table, `^${route.replaceAll(".", "[.]")}[|]${pattern}$`, value);
}

/** The id of the route that a row is about: keys begin with it, also those of regular expressions, and `|` ends it. */
export const ownerOfRow = (key: TableKey): string =>
  key.startsWith("^")
    ? key.slice(1, Math.max(1, key.indexOf("[|]"))).replaceAll("[.]", ".")
    : key.split("|", 1)[0] ?? "";

function row(table: TableName, keyText: string, value: string): RouteRow {
  const key = parseTableKey(keyText);
  const parsed = parseTableValue(value);
  if (!key.ok) throw new TypeError(`The key of a row of ${table} is wrong: expected ${key.expected}`);
  if (!parsed.ok) throw new TypeError(`The value of a row of ${table} is wrong: expected ${parsed.expected}`);
  return { table, key: key.value, value: parsed.value };
}

/** The rows of a key whose value stands as it is in one row: its word is `word`. */
export const valueRow = (word: string) => (value: number | string, route: RouteId): readonly RouteRow[] => [
  rowOf(route, word, `${value}`),
];
