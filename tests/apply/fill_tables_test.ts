/** A table that did not arrive whole never takes the place of the one that is looked up. */
import assert from "node:assert/strict";
import { fillTables } from "../../lib/apply/fill_tables.ts";
import { type Operation, runtimeCommands } from "../../lib/core/runtime/operation.ts";
import { MemoryHaproxy } from "../harness/memory_haproxy.ts";
import type { TableKey, TableName, TableValue } from "../../lib/core/values/table.ts";

const ROWS = new Map([["a" as TableKey, "1" as TableValue], ["b" as TableKey, "2" as TableValue]]);
const SWAP: Operation = { kind: "swap-table", table: "x.map" as TableName, rows: ROWS, others: new Map() };

type Answer = (line: string, haproxy: MemoryHaproxy) => string | undefined;

/** What is done with the swap where HAProxy answers so, and what it was sent. */
async function filled(answer: Answer = () => undefined) {
  const haproxy = new MemoryHaproxy();
  const had = new Map([["a", "0"], ["old", "1"]]);
  haproxy.worker.tables.set("hosts.map", new Map()).set("x.map", had);
  haproxy.onLine = (line) => answer(line, haproxy);
  const result = await fillTables(haproxy, [SWAP]);
  assert.deepEqual([...had], [["a", "0"], ["old", "1"]], "the rows that are looked up are left alone");
  return {
    haproxy,
    sent: haproxy.takeSent(),
    commands: "operations" in result ? result.operations.flatMap(runtimeCommands) : result.trouble,
  };
}

Deno.test("a version is filled beside the rows that are looked up, and only committed among the operations", async () => {
  const { haproxy, sent, commands } = await filled();
  assert.deepEqual(sent, ["show map", "prepare map x.map", "add map @1 x.map <<\na 1\nb 2\n", "show map"]);
  assert.deepEqual(commands, ["commit map @1 x.map"]);
  await haproxy.send(commands as string[]);
  assert.deepEqual(haproxy.worker.tables.get("x.map"), ROWS);
});

Deno.test("what HAProxy 2.4.0 does not count is committed, and read as a whole afterwards", async () => {
  const { commands } = await filled((line, { worker }) =>
    line === "show map" ? worker.answer(line).replace(/ entry_cnt=\d+/g, "") : undefined
  );
  assert.deepEqual(commands, ["commit map @1 x.map"]);
});

const TROUBLES: Readonly<Record<string, [answer: Answer, trouble: RegExp]>> = {
  "rows that were dropped": [
    (line) => line.startsWith("add map") ? "" : undefined,
    /^0 of 2 rows of x[.]map arrived$/,
  ],
  "rows that were refused": [
    (line) => line.startsWith("add map") ? "Missing value for key 'a'.\n" : undefined,
    /^rows of x[.]map were answered with "Missing value/,
  ],
  "a table that is not there": [
    (_, { worker }) => {
      worker.tables.delete("x.map");
      return undefined;
    },
    /^"prepare map x[.]map" was answered with "Unknown map identifier/,
  ],
};

for (const [what, [answer, trouble]] of Object.entries(TROUBLES)) {
  Deno.test(`${what}: nothing is committed`, async () => {
    const { sent, commands } = await filled(answer);
    assert.match(`${commands}`, trouble);
    assert.ok(!sent.some((line) => line.startsWith("commit")));
  });
}
