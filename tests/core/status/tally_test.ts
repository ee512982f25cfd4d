/** What is counted and timed of changes, for the metrics. */
import assert from "node:assert/strict";
import { BOUNDS_SECONDS, Histogram } from "../../../lib/core/status/histogram.ts";
import { Tally } from "../../../lib/core/status/tally.ts";
import { countContainers } from "../../../lib/core/model/verdict.ts";
import { buildModel } from "../../../lib/core/model/build_model.ts";
import type { ServerName } from "../../../lib/core/values/names.ts";
import { container, SETTINGS } from "../containers.ts";

const countOf = (histogram: Histogram, seconds: number) =>
  histogram.durations.counts[BOUNDS_SECONDS.indexOf(seconds)];

Deno.test("a duration is counted where its bound is, and beyond the last one too", () => {
  const histogram = new Histogram();
  for (const milliseconds of [0, 1, 1.1, 2.5, 60_000, 60_001, 1e9]) histogram.add(milliseconds);
  assert.deepEqual([countOf(histogram, 0.001), countOf(histogram, 0.0025), countOf(histogram, 60)], [
    2,
    2,
    1,
  ]);
  assert.equal(histogram.durations.counts.at(-1), 2);
  assert.equal(histogram.durations.counts.reduce((a, b) => a + b), 7);
  assert.equal(histogram.durations.sumSeconds, 0.0046 + 120.001 + 1e6);
});

Deno.test("changes are counted by kind, and timed by the way in which they came", () => {
  const tally = new Tally();
  const server = "a:x:80" as ServerName;
  tally.hear({
    kind: "changed",
    operations: [
      { kind: "add-server", section: "a", server, line: "" },
      { kind: "set-state", section: "a", server, state: "ready" },
      { kind: "set-state", section: "a", server, state: "maint" },
    ],
    sinceEventMs: 4,
  });
  tally.hear({ kind: "changed", operations: [{ kind: "delete-server", section: "a", server }] });
  tally.hear({ kind: "reloaded", reasons: [], sinceEventMs: 200 });
  tally.hear({ kind: "drained", servers: [server], sinceEventMs: 2 });
  tally.hear({ kind: "in-step" });
  const { applied, changes } = tally.tallied;
  assert.deepEqual(
    Object.entries(changes).filter(([, count]) => count > 0),
    [["add-server", 1], ["set-state", 2], ["delete-server", 1]],
  );
  const sums = Object.entries(applied).map(([way, { sumSeconds }]) => [way, sumSeconds]);
  assert.deepEqual(sums, [["commands", 0.004], ["reload", 0.2], ["drain", 0.002]]);
});

Deno.test("containers are counted once: those with a route, and the others by their first reason", () => {
  const say = (data: unknown) => ({ hostname: "", interlockData: JSON.stringify(data) });
  const containers = [
    container("old", { hostname: "a.test" }),
    container("both", say([{ hostname: "b.test" }, { hostname: "a.test", port: 99 }])),
    container("taken", say({ hostname: "c.test", alias_domains: ["a.test"] })),
    container("none", { hostname: "none" }),
    container("off", say({ hostname: "d.test", enable: false })),
    container("closed", say({ hostname: "e.test", allow_from: ["nobody"] })),
    container("port", say({ hostname: "f.test", port: 99 })),
    container("broken", { hostname: "", interlockData: "{" }),
    container("gone", { status: "exited" }),
  ].map((each, createdAt) => ({ ...each, createdAt }));
  const built = buildModel({ containers, stopping: new Set(), starting: new Set() }, SETTINGS);
  assert.deepEqual(countContainers(built), {
    routed: 3,
    left: { "bad-data": 1, "bad-value": 1, "disabled": 1, "no-address": 1, "no-host": 1, "not-running": 1 },
  });
});
