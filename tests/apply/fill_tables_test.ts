/** A table that did not arrive whole never takes the place of the one that is looked up. */
import assert from "node:assert/strict";
import { fillTables } from "../../lib/apply/fill_tables.ts";
import { type Operation, runtimeCommands } from "../../lib/core/runtime/operation.ts";
import type { TableKey, TableName, TableValue } from "../../lib/core/values/table.ts";

const ROWS = new Map([["a" as TableKey, "1" as TableValue], ["b" as TableKey, "2" as TableValue]]);
const SWAP: Operation = { kind: "swap-table", table: "x.map" as TableName, rows: ROWS, others: new Map() };

const listed = (entries: string) =>
  `# id (file) description\n0 (hosts.map) pattern loaded from file 'hosts.map' used by map at file 'h' line 1.${entries}\n` +
  `1 (x.map) pattern loaded from file 'x.map' used by map at file 'h' line 2. curr_ver=0 next_ver=7${entries}\n`;

/** What is done with the swap where HAProxy answers so, and what it was sent. */
async function filled(answers: Readonly<Record<string, string[]>>) {
  const sent: string[] = [];
  const left = new Map(Object.entries(answers).map(([line, replies]) => [line, [...replies]]));
  const result = await fillTables({
    send: (lines) => {
      sent.push(...lines);
      return Promise.resolve(lines.map((line) => left.get(line)?.shift() ?? ""));
    },
  }, [SWAP]);
  return {
    sent,
    commands: "operations" in result ? result.operations.flatMap(runtimeCommands) : result.trouble,
  };
}

Deno.test("a version is filled beside the rows that are looked up, and only committed among the operations", async () => {
  const { sent, commands } = await filled({
    "show map": [listed(" entry_cnt=5"), listed(" entry_cnt=7")],
    "prepare map x.map": ["New version created: 7\n"],
  });
  assert.deepEqual(sent, ["show map", "prepare map x.map", "add map @7 x.map <<\na 1\nb 2\n", "show map"]);
  assert.deepEqual(commands, ["commit map @7 x.map"]);
});

Deno.test("what HAProxy 2.4.0 does not count is committed, and read as a whole afterwards", async () => {
  const { commands } = await filled({
    "show map": [listed(""), listed("")],
    "prepare map x.map": ["New version created: 7\n"],
  });
  assert.deepEqual(commands, ["commit map @7 x.map"]);
});

const TROUBLES: Readonly<Record<string, [answers: Readonly<Record<string, string[]>>, trouble: RegExp]>> = {
  "rows that were dropped": [
    {
      "show map": [listed(" entry_cnt=5"), listed(" entry_cnt=5")],
      "prepare map x.map": ["New version created: 7\n"],
    },
    /^0 of 2 rows of x[.]map arrived$/,
  ],
  "rows that were refused": [
    {
      "prepare map x.map": ["New version created: 7\n"],
      "add map @7 x.map <<\na 1\nb 2\n": ["Missing value for key 'a'.\n"],
    },
    /^rows of x[.]map were answered with "Missing value/,
  ],
  "a table that is not there": [
    { "prepare map x.map": ["Unknown map identifier. Please use #<id> or <file>.\n"] },
    /^"prepare map x[.]map" was answered with "Unknown map identifier/,
  ],
};

for (const [what, [answers, trouble]] of Object.entries(TROUBLES)) {
  Deno.test(`${what}: nothing is committed`, async () => {
    const { sent, commands } = await filled(answers);
    assert.match(`${commands}`, trouble);
    assert.ok(!sent.some((line) => line.startsWith("commit")));
  });
}
