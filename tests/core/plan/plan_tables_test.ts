/** What protects a route is there before it, and goes after it, whatever else changes. */
import assert from "node:assert/strict";
import type { Desired } from "../../../lib/core/config/render.ts";
import { planTables } from "../../../lib/core/plan/plan_tables.ts";
import { type Operation, runtimeCommands } from "../../../lib/core/runtime/operation.ts";
import { seeded } from "../../harness/seeded.ts";
import type { Running } from "../../../lib/core/state/running.ts";
import {
  HOSTS_MAP,
  type Table,
  type TableKey,
  type TableName,
  type TableValue,
} from "../../../lib/core/values/table.ts";

type Rows = Readonly<Record<string, string>>;

const tableOf = (rows: Rows): Table =>
  new Map(Object.entries(rows).map(([key, value]) => [key as TableKey, value as TableValue]));

const tablesOf = (tables: Readonly<Record<string, Rows>>) =>
  new Map(Object.entries(tables).map(([name, rows]) => [name as TableName, tableOf(rows)]));

/** The plan from some tables to others; `sections` has those of backends that wait for no reload. */
function planOf(
  before: Readonly<Record<string, Rows>>,
  after: Readonly<Record<string, Rows>>,
  { sections = {}, waiting = [], file = "" }: {
    readonly sections?: Rows;
    readonly waiting?: readonly string[];
    readonly file?: string;
  } = {},
) {
  const running = { tables: tablesOf(before) } as unknown as Running;
  const desired = {
    tables: tablesOf(after),
    files: new Map([[HOSTS_MAP, file]]),
    sections: new Map([...Object.keys(sections), ...waiting].map((name) => [name, {}])),
  } as unknown as Desired;
  const { early, routes, late } = planTables(running, desired, new Map(Object.entries(sections)));
  const lines = (operations: readonly Operation[]) => operations.flatMap(runtimeCommands);
  return { early: lines(early), routes: lines(routes), late: lines(late) };
}

Deno.test("rows come before the route and go after it, a route that comes names the spare", () => {
  const [none, one] = [{}, { "a|me": "hash" }];
  assert.deepEqual(
    planOf({ "x.map": none, "y.map": none, "hosts.map": {} }, {
      "x.map": one,
      "y.map": one,
      "hosts.map": { "a/": "a|,auth,|a" },
    }, { sections: { a: "_spare_1" } }),
    {
      early: ["add map x.map a|me hash", "add map y.map a|me hash"],
      routes: ["add map hosts.map a/ _spare_1|,auth,|a"],
      late: [],
    },
  );
  assert.deepEqual(
    planOf({ "x.map": one, "y.map": one, "hosts.map": { "a/": "_spare_1|,auth,|a" } }, {
      "x.map": none,
      "y.map": none,
      "hosts.map": {},
    }),
    { early: [], routes: ["del map hosts.map a/"], late: ["del map y.map a|me", "del map x.map a|me"] },
  );
});

Deno.test("a flag holds before the server that asks for it is ready, and until the last one has left", () => {
  const change = (from: string, to: string) =>
    planOf({ "hosts.map": { "a/": from } }, { "hosts.map": { "a/": to } }, { sections: { a: "_spare_1" } });
  const set = (value: string) => [`set map hosts.map a/ ${value}`];
  assert.deepEqual(change("_spare_1|,|a", "a|,auth,|a"), {
    early: set("_spare_1|,auth,|a"),
    routes: [],
    late: [],
  });
  assert.deepEqual(change("_spare_1|,auth,|a", "a|,|a"), {
    early: [],
    routes: [],
    late: set("_spare_1|,|a"),
  });
  assert.deepEqual(change("_spare_1|,auth,|a", "a|,deny,|a"), {
    early: set("_spare_1|,deny,auth,|a"),
    routes: [],
    late: set("_spare_1|,deny,|a"),
  });
  assert.deepEqual(change("_spare_1|,auth,|a", "a|,auth,|a"), { early: [], routes: [], late: [] });
  // With the flags that stay it is what the files say: no later pass has to set it again.
  assert.deepEqual(change("_spare_1|,deny,|a", "a|,auth,deny,|a"), {
    early: set("_spare_1|,auth,deny,|a"),
    routes: [],
    late: [],
  });
  // To another section it goes with its flags, at once, when the servers there are ready.
  assert.deepEqual(change("b|,|b", "a|,auth,|a"), { early: [], routes: set("_spare_1|,auth,|a"), late: [] });
});

Deno.test("the rows of a backend that waits for a reload stay as they are, as its route does", () => {
  assert.deepEqual(
    planOf(
      { "x.map": { "a|me": "old", "a|you": "old", "b|me": "old" }, "hosts.map": { "a/": "a", "b/": "b" } },
      { "x.map": { "a|me": "new", "a|who": "new", "b|me": "new" }, "hosts.map": { "a/": "a", "b/": "b" } },
      { sections: { b: "b" }, waiting: ["a"] },
    ),
    { early: ["set map x.map b|me new"], routes: [], late: [] },
  );
});

Deno.test("a table that HAProxy does not have yet comes with the reload that brings it", () => {
  assert.deepEqual(planOf({ "hosts.map": {} }, { "x.map": { a: "b" }, "hosts.map": {} }), {
    early: [],
    routes: [],
    late: [],
  });
});

Deno.test("many rows are one swap, unless they only come to more; rows of a user's own template stay", () => {
  const many = (count: number, value: string) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`host-${at}/`, value]));
  const sections = { a: "a", b: "b" };
  const swap = planOf({ "hosts.map": many(300, "a") }, { "hosts.map": many(300, "b") }, {
    sections,
    file: `own.example/ static\n${Object.keys(many(300, "")).map((key) => `${key} b\n`).join("")}`,
  });
  assert.deepEqual([swap.early, swap.late], [[], []]);
  const [prepare, fill = "", commit, ...more] = swap.routes;
  assert.deepEqual([prepare, commit, more], ["prepare map hosts.map", "commit map @1 hosts.map", []]);
  assert.equal(fill.split("\n").length, 1 + 1 + 300 + 1);
  assert.match(fill, /^add map @1 hosts[.]map <<\nown[.]example[/] static\nhost-0[/] b\n/);
  const few = planOf({ "hosts.map": many(256, "a") }, { "hosts.map": many(256, "b") }, { sections });
  assert.equal(few.routes.filter((line) => line.startsWith("set map ")).length, 256);
  const coming = planOf({ "hosts.map": many(300, "a") }, { "hosts.map": many(600, "a") }, { sections });
  assert.equal(coming.routes.filter((line) => line.startsWith("add map hosts.map ")).length, 300);
  const going = planOf({ "x.map": many(300, "a"), "hosts.map": {} }, { "x.map": {}, "hosts.map": {} });
  assert.deepEqual(going.late, ["prepare map x.map", "commit map @1 x.map"], "an empty version");
});

Deno.test("a swap of all routes keeps a flag that holds since before it", () => {
  const many = (value: string) =>
    Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`host-${at}/`, value]));
  const { early, routes } = planOf({ "hosts.map": { ...many("a"), "shut/": "s|,|s" } }, {
    "hosts.map": { ...many("b"), "shut/": "s|,auth,|s" },
  }, { sections: { a: "a", b: "b", s: "s" } });
  assert.deepEqual(early, ["set map hosts.map shut/ s|,auth,|s"]);
  assert.match(routes.join("\n"), /^shut[/] s[|],auth,[|]s$/m);
});

Deno.test("while addresses change, nobody is let in whom the old rows or the new ones refuse, and nobody else is refused", () => {
  const random = seeded(17);
  const access = () => random() < 0.5 ? "allow" : random() < 0.5 ? "deny" : "never";
  const digits = () => Array.from({ length: random() * 4 }, () => random() < 0.5 ? "0" : "1").join("");
  const rows = (): Rows =>
    Object.fromEntries([
      ["a|4|", access()],
      ...Array.from({ length: 5 }, () => [`a|4|${digits()}`, access()]),
    ]);
  const clients = Array.from({ length: 16 }, (_, at) => `a|4|${at.toString(2).padStart(4, "0")}`);
  const valueOf = (table: ReadonlyMap<string, string>, client: string) =>
    table.get([...table.keys()].filter((key) => client.startsWith(key)).sort().at(-1) ?? "");
  // An IPv6 address is judged by the rows of the IPv4 one in it too: what refuses that one by name refuses both.
  const judged: readonly ((table: ReadonlyMap<string, string>) => readonly boolean[])[] = [
    (table) => clients.map((client) => valueOf(table, client) === "allow"),
    (table) => clients.map((client) => valueOf(table, client) !== "never"),
  ];
  for (let round = 0; round < 4_000; round++) {
    const [from, to] = [rows(), rows()];
    const judge = judged[round % 2] ?? assert.fail();
    const { early, late } = planOf({ "addresses.map": from }, { "addresses.map": to });
    const [before, table, after] = [from, from, to].map((each) => new Map(Object.entries(each)));
    assert.ok(before && table && after);
    const [first, last] = [judge(before), judge(after)];
    const both = first.map((isIn, at) => isIn && last[at]);
    const play = (commands: readonly string[], end: readonly boolean[]) => {
      for (const command of commands) {
        const [verb, , , key = "", value = ""] = command.split(" ");
        // HAProxy takes no key twice for another, and sets and deletes only what is there.
        assert.equal(table.has(key), verb !== "add", command);
        if (verb === "del") table.delete(key);
        else table.set(key, value);
        for (const [at, isOpen] of judge(table).entries()) {
          const message = JSON.stringify({ from, to, command, client: clients[at] });
          assert.ok(!both[at] || isOpen, message);
          assert.ok(!isOpen || both[at] || end[at], message);
        }
      }
    };
    play(early, first);
    assert.deepEqual(judge(table), both, JSON.stringify({ from, to, early }));
    play(late, last);
    assert.deepEqual(Object.fromEntries(table), to);
  }
});
