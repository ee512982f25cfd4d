/** Whatever containers say, HAProxy's tables have rows of their own for them, and nobody else's row is another one. */
import assert from "node:assert/strict";
import { keysOf } from "../../lib/core/keys/options.ts";
import { type KeyName, keyNamed } from "../../lib/core/keys/route_keys.ts";
import { ownerOfRow } from "../../lib/core/keys/route_row.ts";
import { targetOf } from "../../lib/core/runtime/route_value.ts";
import { HOSTS_MAP, type TableKey, type TableName, type TableValue } from "../../lib/core/values/table.ts";
import { want } from "../changes/situation.ts";
import { GOOD, hostileContainers, inspectedAs } from "../core/hostile.ts";
import { KEY_ROWS } from "../core/key_rows.ts";
import { eventually } from "../harness/eventually.ts";
import { freePort } from "../harness/http.ts";
import { certificate } from "./certificate.ts";
import { called, canAddBackends, canAddServers, onStage, programs, send, type Stage } from "./stage.ts";

const SEEDS = [11, 12];
const HOSTILE = 60;

/** Keys of a route's place that make rows. */
const PLACE: readonly KeyName[] = [
  "host_regex",
  "default_host",
  "context_root",
  "match_headers",
  "methods",
  "share",
];
/** A container for each value that a key of routes takes, so that each table has rows. */
const EVERY_KEY = [...keysOf("route"), ...PLACE].flatMap((key) => {
  const { sample, right } = KEY_ROWS[key];
  const needed = keyNamed(key).needs?.key as KeyName | undefined;
  const beside = needed === undefined ? {} : { [needed]: KEY_ROWS[needed].sample[0] };
  return [sample[0], ...right].map((value) => ({ ...beside, [key]: value }));
}).map((said, at) =>
  inspectedAs(5_000 + at, {
    Hostname: `key${at}.example`,
    Env: [`INTERLOCK_DATA=${JSON.stringify(said)}`],
  })
);

/** Always there: the first route that caches, and the end of the last one, are a reload. */
const ALWAYS = [
  GOOD,
  inspectedAs(4_999, {
    Hostname: "caches.example",
    Env: [`INTERLOCK_DATA=${JSON.stringify({ cache: true })}`],
  }),
];

/** Every row of every table, as HAProxy has it. */
async function rowsOf(stage: Stage): Promise<ReadonlyMap<TableName, ReadonlyMap<string, string>>> {
  const tables = [...stage.applier.running?.tables.keys() ?? []];
  const maps = await send(stage, ...tables.map((table) => `show map ${table}`));
  return new Map(tables.map((table, at) => {
    const lines = (maps[at] ?? "").split("\n").filter((line) => line !== "");
    const rows = lines.map((line) => /^0x\S+ (\S+) (.*)$/.exec(line)?.slice(1) ?? assert.fail(line));
    assert.equal(new Map(rows as [string, string][]).size, rows.length, `${table} has no key twice`);
    return [table, new Map(rows as [string, string][])] as const;
  }));
}

/** Rows that are about the good container's route; others may ask for some of its requests, and its flags say so. */
const good = (all: Awaited<ReturnType<typeof rowsOf>>): string[] =>
  [...all].flatMap(([table, rows]) =>
    [...rows].filter(([key, value]) => ownerIn(table, key, value) === "good.example").map(([key, value]) =>
      `${table} ${key} ${value.replace("|,variants,|", "|,|")}`
    )
  ).sort();

/** The route that a row is about: of one of hosts.map its id, which stands last. */
const ownerIn = (table: TableName, key: string, value: string): string =>
  table === HOSTS_MAP ? value.split("|")[2] ?? "" : ownerOfRow(key as TableKey);

for (const program of programs.filter(canAddServers)) {
  Deno.test(`${called(program)}: what hostile containers say changes no row but their own, by a load and by commands`, async () => {
    const settings = { "tls-cert": (await certificate()).path, "https-port": String(freePort()) };
    await onStage(program, { settings }, async (stage) => {
      const apply = async (containers: readonly unknown[]) => {
        const wanted = want(stage.routing, JSON.stringify(containers), {});
        const { plan } = await stage.apply(wanted);
        await eventually(
          async () => ["nothing", "keep"].includes((await stage.apply(wanted)).plan.kind),
          { what: "all to be done" },
        );
        const rows = await rowsOf(stage);
        const names = new Set(wanted.desired.model.backends.map(({ name }) => name as string));
        for (const [table, wants] of wanted.desired.tables) {
          const has = rows.get(table) ?? new Map<string, string>();
          assert.deepEqual([...has.keys()].sort(), [...wants.keys()].sort(), table);
          for (const [key, value] of wants) {
            if (table !== HOSTS_MAP) assert.equal(has.get(key), value, `${table} ${key}`);
            else assert.ok(names.has(targetOf(value as TableValue)), `${key} ${value}`);
          }
        }
        return { kind: plan.kind, rows };
      };
      const { rows: alone } = await apply(ALWAYS);
      assert.ok(good(alone).length > 1);
      for (const seed of SEEDS) {
        const all = [...ALWAYS, ...hostileContainers(seed, HOSTILE), ...EVERY_KEY];
        const loaded = await apply(all);
        assert.deepEqual(good(loaded.rows), good(alone), `seed ${seed}`);
        const left = await apply(ALWAYS);
        assert.equal(left.kind, "runtime");
        assert.deepEqual(left.rows, alone);
        // Their sections are still there: now each row comes by a command.
        const added = await apply(all);
        if (!canAddBackends(program)) assert.equal(added.kind, "runtime", `seed ${seed}`);
        assert.deepEqual(added.rows, loaded.rows, `seed ${seed}`);
        const without = [...added.rows].filter(([, { size }]) => size === 0).map(([table]) =>
          table as string
        );
        assert.deepEqual(without, [], "each table has rows");
        await apply(ALWAYS);
      }
    });
  });
}
