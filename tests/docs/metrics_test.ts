/** The page about metrics names each of them, and the alerts and the dashboard ask for no others. */
import assert from "node:assert/strict";
import { read } from "./documents.ts";

const namesIn = (text: string): ReadonlySet<string> =>
  new Set([...text.matchAll(/\bsignalbox_[a-z_]+[a-z]/g)].map(([name]) => name));

const told = namesIn(await read("lib/report/metrics.ts"));

Deno.test("docs/metrics names each metric, and no other", async () => {
  assert.ok(told.size > 20);
  assert.deepEqual([...namesIn(await read("docs/metrics.md"))].sort(), [...told].sort());
});

Deno.test("the metrics that are to be watched, the alerts and the dashboard are of those that there are", async () => {
  for (
    const path of ["docs/observing.md", "examples/prometheus/alerts.yml", "examples/grafana/signalbox.json"]
  ) {
    const names = [...namesIn(await read(path))].map((name) => name.replace(/_(?:bucket|count|sum)$/, ""));
    assert.ok(names.length > 5, path);
    assert.deepEqual(names.filter((name) => !told.has(name)), [], path);
  }
});
