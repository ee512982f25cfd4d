/** Containers that say a lot of nonsense: what is told of them is bounded, and a change beside them is done as ever. */
import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { freePort, httpGet } from "../harness/http.ts";
import { parseMetrics } from "../report/prometheus.ts";
import { FaultStage, type Wanted } from "./stage.ts";

/** Notices of one container, and the one that counts the others. */
const MOST_NOTICES = 21;

/** 64 kB each: half of them words that nobody knows, half of them wrong values. */
const rubbish: readonly Wanted[] = Array.from({ length: 100 }, (_, at) => ({
  host: `rubbish${at}.example`,
  data: at % 2 === 0
    ? Object.fromEntries(Array.from({ length: 5_000 }, (_, key) => [`k${at}_${key}`, 1]))
    : { alias_domains: Array.from({ length: 10_000 }, () => "!"), backend_options: Array(2_000).fill("?") },
}));

Deno.test("beside a hundred containers of 64 kB of rubbish others are served, and log and status stay short", async () => {
  await using stage = await FaultStage.open({ host: "good.example" }, ...rubbish);
  const admin = freePort();
  const program = stage.start(["--admin", `127.0.0.1:${admin}`]);
  await stage.answers("good.example", 200, 60_000);
  for (const host of ["late.example", "later.example", "latest.example"]) {
    await stage.want({ host: "good.example" }, { host }, ...rubbish);
    await stage.answers(host, 200, 60_000);
  }
  const told = program.lines.filter((line) => /"container":"rubbish/.test(line));
  assert.ok(told.length >= 100 && told.length <= 100 * MOST_NOTICES, `${told.length} lines`);
  assert.equal(
    new Set(told.map((line) => line.replace(/"time":"[^"]*"/, ""))).size,
    told.length,
    "each once",
  );
  const { notices } = await stage.status();
  const counts = Map.groupBy(notices, ({ subject }) => subject);
  for (const [subject, own] of counts) assert.ok(own.length <= MOST_NOTICES, `${subject}: ${own.length}`);
  const { body } = await eventually(() => httpGet({ port: admin, path: "/metrics" }), { what: "metrics" });
  const warnings = parseMetrics(body).find(({ name }) => name === "signalbox_warnings");
  assert.equal(warnings?.value, notices.filter(({ severity }) => severity === "warning").length);
  assert.equal((await stage.get("good.example")).status, 200);
});
