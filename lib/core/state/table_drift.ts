import type { ReportedRow } from "../runtime/map_commands.ts";
import { HOSTS_MAP, parseTable, type TableKey, type TableName, type TableValue } from "../values/table.ts";
import type { Running } from "./running.ts";

/** Rows that somebody else changed, as they are now; `undefined` for those that are gone. */
export type ChangedRows = ReadonlyMap<TableKey, TableValue | undefined>;

/** What somebody else did to a table. */
export type TableDrift = {
  readonly rows: ChangedRows;
  /** For people, without values: they may be secrets. */
  readonly told: readonly string[];
  /** The table has a key twice; HAProxy finds one of the two. */
  readonly isTwice: boolean;
};

/** Of more changed rows than this, drift tells only the number. */
const MOST_ROWS_TOLD = 8;

/** Compares a table with HAProxy's report. Rows that a user's own template adds in the files, or leaves out, are no drift. */
export function findTableDrift(
  table: TableName,
  reported: readonly ReportedRow[],
  running: Running,
): TableDrift {
  const ours = running.tables.get(table);
  const inFile = new Set(parseTable(running.files.get(table) ?? "").map(([key]) => key));
  const rows = new Map<TableKey, TableValue | undefined>();
  const seen = new Set<TableKey>();
  const changed: string[] = [];
  const isRoute = table === HOSTS_MAP;
  const tell = (key: TableKey, what: string) =>
    changed.push(`the ${isRoute ? `route ${key}` : `row ${key} of ${table}`} was ${what} by someone else`);
  let isTwice = false;
  for (const { key, value } of reported) {
    const believed = ours?.get(key);
    if (believed === undefined && inFile.has(key)) continue;
    if (seen.has(key)) {
      isTwice = true;
      tell(key, "added a second time");
    } else if (believed === undefined) tell(key, "added");
    else if (believed !== value) tell(key, isRoute ? "led elsewhere" : "changed");
    seen.add(key);
    if (believed !== value || rows.has(key)) rows.set(key, value);
  }
  for (const key of ours?.keys() ?? []) {
    if (seen.has(key) || !inFile.has(key)) continue;
    tell(key, "removed");
    rows.set(key, undefined);
  }
  if (changed.length <= MOST_ROWS_TOLD) return { rows, told: changed, isTwice };
  const what = isRoute ? "routes" : `rows of ${table}`;
  return { rows, told: [`${changed.length} ${what} were changed by someone else`], isTwice };
}
