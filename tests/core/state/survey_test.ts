/** What HAProxy tells of itself is read strictly, and only what someone else changed counts as a drift. */
import assert from "node:assert/strict";
import { NO_TCP } from "../../../lib/core/config/tcp_part.ts";
import type { Running } from "../../../lib/core/state/running.ts";
import type { ServerName } from "../../../lib/core/values/names.ts";
import {
  findDrift,
  isAsReported,
  parseServerStates,
  parseSurvey,
  type Survey,
} from "../../../lib/core/state/survey.ts";
import { HOSTS_MAP, type TableKey, type TableName, type TableValue } from "../../../lib/core/values/table.ts";

type Row = readonly [string, string];

const typed = ([key, value]: Row) => [key as TableKey, value as TableValue] as const;
const AUTH = "auth.map" as TableName;

const running = (rows: Record<string, string>, file: string, table = HOSTS_MAP): Running => ({
  files: new Map([[table, file]]),
  fixed: "",
  tcp: NO_TCP,
  resolvers: "",
  defaults: new Map(),
  sections: new Map(),
  tables: new Map([[table, new Map(Object.entries(rows).map(typed))]]),
  bindings: new Map(),
  certificates: new Map(),
});

const surveyOf = (table: TableName, ...rows: Row[]): Survey => ({
  servers: [],
  tables: new Map([[table, rows.map(typed).map(([key, value]) => ({ key, value }))]]),
  sections: new Set(),
  certificates: { lines: new Map(), fingerprints: new Map() },
});
const survey = (...rows: Row[]) => surveyOf(HOSTS_MAP, ...rows);

const OURS = "# host/path/ backend\na.example/ a.example\n";

Deno.test("a route that was removed, added or led elsewhere is told, as they are by now", () => {
  const had = running({ "a.example/": "_spare_1", "b.example/": "b" }, `${OURS}b.example/ b\n`);
  const drift = findDrift(had, survey(["b.example/", "a"], ["c.example/", "a"]));
  assert.equal(drift.reloadReason, undefined);
  assert.deepEqual(drift.told.map((line) => line.split(" by ")[0]).sort(), [
    "the route a.example/ was removed",
    "the route b.example/ was led elsewhere",
    "the route c.example/ was added",
  ]);
  assert.deepEqual(Object.fromEntries(drift.rows.get(HOSTS_MAP) ?? []), {
    "a.example/": undefined,
    "b.example/": "a",
    "c.example/": "a",
  });
});

Deno.test("a row of any table that someone changed is told without its value, as they are by now", () => {
  const rows = { "a|me": "sha256 of me", "b|you": "sha256 of you" };
  const had = running(rows, "a|me sha256 of me\nb|you sha256 of you\n", AUTH);
  const drift = findDrift(had, surveyOf(AUTH, ["a|me", "another secret"], ["c|who", "a third secret"]));
  assert.equal(drift.reloadReason, undefined);
  assert.deepEqual(drift.told, [
    "the row a|me of auth.map was changed by someone else",
    "the row c|who of auth.map was added by someone else",
    "the row b|you of auth.map was removed by someone else",
  ]);
  assert.deepEqual(Object.fromEntries(drift.rows.get(AUTH) ?? []), {
    "a|me": "another secret",
    "b|you": undefined,
    "c|who": "a third secret",
  });
  const many = Array.from({ length: 9 }, (_, at): Row => [`${at}`, "x"]);
  assert.deepEqual(findDrift(running({}, "", AUTH), surveyOf(AUTH, ...many)).told, [
    "9 rows of auth.map were changed by someone else",
  ]);
});

Deno.test("a route that a user's own template has beside ours, or leaves out, is no drift", () => {
  const had = running({ "a.example/": "a.example", "left.example/": "left" }, `${OURS}own.example/ static\n`);
  const drift = findDrift(had, survey(["a.example/", "a.example"], ["own.example/", "static"]));
  assert.deepEqual(drift, {
    told: [],
    reloadReason: undefined,
    servers: [],
    rows: new Map(),
    certificates: new Map(),
  });
});

Deno.test("a key of ours that stands twice needs a reload; a map that HAProxy does not have is not compared", () => {
  const twice = findDrift(
    running({ "a.example/": "a" }, OURS),
    survey(["a.example/", "a"], ["a.example/", "a"]),
  );
  assert.equal(twice.reloadReason, "hosts.map has a key twice");
  const read = parseSurvey([HOSTS_MAP, AUTH], [
    "1\n",
    "# name\n",
    "Unknown map identifier. Please use #<id> or <file>.\n",
    "0x55ec4f122930 a|me d\"e'; f\\g #h\n\n",
  ]);
  assert.deepEqual([...read.tables], [[AUTH, [{ key: "a|me", value: "d\"e'; f\\g #h" }]]]);
  const had = running({ "a.example/": "a" }, OURS);
  const drift = findDrift(had, { ...read, tables: new Map() });
  assert.deepEqual([drift.told, drift.rows.size], [[], 0]);
});

Deno.test("a server whose name has no address is as it was told to be, and one that was found is where it is", () => {
  const row = (address: string, admin: number, op: number) =>
    `3 nas 1 nas:1 ${address} ${op} ${admin} 1 1 1 1 0 0 14 0 0 0 nas.lan 5000 - 0 0 - - 0`;
  const section = (state: "ready" | "maint") => ({
    servers: new Map([["nas:1" as ServerName, {
      line: "nas:1 nas.lan:5000 id 1 check inter 5000 weight 1 resolvers _names",
      state,
      isLeaving: false,
    }]]),
  });
  const isRight = (state: "ready" | "maint", text: string) =>
    isAsReported(section(state), parseServerStates(`1\n# be_id …\n${text}\n`));
  assert.ok(isRight("ready", row("-", 32, 0)));
  assert.ok(isRight("ready", row("192.0.2.7", 0, 2)));
  assert.ok(isRight("maint", row("-", 33, 0)));
  assert.ok(!isRight("ready", row("-", 33, 0)), "a command took it out");
  assert.ok(!isRight("ready", row("192.0.2.7", 1, 0)));
});
