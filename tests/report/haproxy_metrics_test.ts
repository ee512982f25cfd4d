/** HAProxy's metrics as they are handed on: routes are called by their ids. */
import assert from "node:assert/strict";
import { scopeOf, withHonestTypes, withRouteIds } from "../../lib/report/haproxy_metrics.ts";
import { parseMetrics } from "./prometheus.ts";

const TEXT = `# HELP haproxy_backend_status Current status of the service.
# TYPE haproxy_backend_status gauge
haproxy_backend_status{proxy="a.test",state="UP"} 1
haproxy_backend_status{proxy="_spare_1",state="UP"} 2
haproxy_backend_status{proxy="_spare_12",state="UP"} 3
haproxy_backend_status{proxy="b.test",state="UP"} 4
# TYPE haproxy_server_status gauge
haproxy_server_status{proxy="_spare_1",server="_spare_1:x:80",state="UP"} 5
# TYPE haproxy_frontend_status gauge
haproxy_frontend_status{proxy="_web",state="UP"} 6
`;

Deno.test("a spare is called as the route that it serves, and every other row stays as it is", () => {
  const samples = parseMetrics(withRouteIds(TEXT, new Map([["c.test", "_spare_1"]])));
  assert.deepEqual(samples.map(({ labels, value }) => [labels.proxy, value]), [
    ["a.test", 1],
    ["c.test", 2],
    ["_spare_12", 3],
    ["b.test", 4],
    ["c.test", 5],
    ["_web", 6],
  ]);
  assert.equal(samples[4]?.labels.server, "_spare_1:x:80");
  assert.equal(withRouteIds(TEXT, new Map()), TEXT);
});

Deno.test("an old section of a route that a spare serves makes no second row of the same labels", () => {
  const samples = parseMetrics(withRouteIds(TEXT, new Map([["b.test", "_spare_1"]])));
  assert.deepEqual(
    samples.map(({ labels, value }) => [labels.proxy, value]).filter(([proxy]) => proxy === "b.test"),
    [["b.test", 2], ["b.test", 5]],
  );
});

Deno.test("the section of a host that is gone is called as the route that it serves now, and so on round", () => {
  const bindings = new Map([["b.test", "_spare_1"], ["a.test", "b.test"]]);
  const samples = parseMetrics(withRouteIds(TEXT, bindings));
  assert.deepEqual(samples.map(({ labels, value }) => [labels.proxy, value]), [
    ["b.test", 2],
    ["_spare_12", 3],
    ["a.test", 4],
    ["b.test", 5],
    ["_web", 6],
  ]);
});

Deno.test("a type that a metric's name denies becomes the one that the name says", () => {
  const text = `# TYPE haproxy_process_failed_resolutions counter
haproxy_process_failed_resolutions 1
# TYPE haproxy_backend_downtime_seconds_total gauge
haproxy_backend_downtime_seconds_total{proxy="a.test"} 2
# TYPE haproxy_backend_status gauge
haproxy_backend_status{proxy="# TYPE haproxy_x counter"} 3
`;
  assert.deepEqual(withHonestTypes(text).match(/^# TYPE .*$/gm), [
    "# TYPE haproxy_process_failed_resolutions untyped",
    "# TYPE haproxy_backend_downtime_seconds_total counter",
    "# TYPE haproxy_backend_status gauge",
  ]);
  assert.deepEqual(parseMetrics(withHonestTypes(text)).map(({ value }) => value), [1, 2, 3]);
});

Deno.test("of a query, only what HAProxy's exporter knows gets to it", () => {
  assert.equal(scopeOf("?scope=frontend&scope=backend&no-maint"), "?scope=frontend&scope=backend&no-maint");
  assert.equal(scopeOf("?scope=*"), "?scope=*");
  for (
    const query of [
      "",
      "?scope=a%20b",
      "?stats",
      "?scope=a\r\nX: y",
      "?scope=x;y",
      `?${"scope=a&".repeat(9)}`,
    ]
  ) {
    assert.equal(scopeOf(query), "", query);
  }
});
