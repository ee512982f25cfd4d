/** A table that only tests have: it stands in the frontend as that of a feature would. */
import assert from "node:assert/strict";
import type { Desired } from "../../lib/core/config/render.ts";
import {
  parseTableKey,
  parseTableName,
  parseTableValue,
  type Table,
  tableText,
} from "../../lib/core/values/table.ts";
import type { Wanted } from "../changes/situation.ts";

const name = parseTableName("test.map");
assert.ok(name.ok);

/** The table's name. */
export const TEST_MAP = name.value;

/** The row of a host closes it where it says `closed`, and is told to whoever asks. */
const RULES = [
  "    http-request set-var(txn.row) var(txn.host),map_str(test.map)",
  "    http-request deny deny_status 403 if { var(txn.row) -m str closed }",
  '    http-after-response set-header X-Row "%[var(txn.row)]"',
];

/** What is wanted, with the table beside it. */
export function withRows(wanted: Wanted, rows: Readonly<Record<string, string>>): Wanted {
  return { ...wanted, desired: addTable(wanted.desired, tableOf(rows)) };
}

/** Rows as parsed texts. */
export function tableOf(rows: Readonly<Record<string, string>>): Table {
  return new Map(
    Object.entries(rows).map(([key, value]) => {
      const [parsedKey, parsedValue] = [parseTableKey(key), parseTableValue(value)];
      assert.ok(parsedKey.ok && parsedValue.ok, `${key} ${value} is no row`);
      return [parsedKey.value, parsedValue.value] as const;
    }),
  );
}

function addTable(desired: Desired, table: Table): Desired {
  const withRules = (config: string) => {
    const lines = config.split("\n");
    const at = lines.findIndex((line) => line.includes("allow if { var(txn.target) -m sub |,| }"));
    assert.ok(at > 0, "the config lets routes without flags go before the rules of features");
    return lines.toSpliced(at, 0, ...RULES).join("\n");
  };
  return {
    ...desired,
    files: new Map([
      ...desired.files,
      ["haproxy.cfg", withRules(desired.files.get("haproxy.cfg") ?? "")],
      [TEST_MAP, tableText("host what a test says of it", table)],
    ]),
    fixed: withRules(desired.fixed),
    tables: new Map([[TEST_MAP, table], ...desired.tables]),
  };
}
