/** Our metrics, as a Prometheus server reads them. */
import assert from "node:assert/strict";
import { Histogram } from "../../lib/core/status/histogram.ts";
import type { ServerStatus } from "../../lib/core/status/route_status.ts";
import { formatMetrics } from "../../lib/report/metrics.ts";
import { parseMetrics } from "./prometheus.ts";
import { statusOf } from "./statuses.ts";

const valueOf = (text: string, name: string, labels: Record<string, string> = {}) =>
  parseMetrics(text).find((sample) =>
    sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value)
  )?.value;

/** What a dashboard and an alert look at: it is there in every state. */
const ALWAYS_THERE = ["signalbox_in_step", "signalbox_haproxy_serving", "signalbox_haproxy_failures"];

const server = (container: string, state: ServerStatus["state"]): ServerStatus => ({
  container,
  address: "172.17.0.2:80",
  state,
  why: undefined,
});

Deno.test("the metrics are in Prometheus' text format, whatever the state", () => {
  for (
    const status of [
      statusOf(),
      statusOf({ sources: [], lastReload: undefined, reloads: 0 }),
      statusOf({ trouble: "broken" }),
    ]
  ) {
    const names = new Set(parseMetrics(formatMetrics(status)).map(({ name }) => name));
    for (const name of ALWAYS_THERE) assert.ok(names.has(name), name);
  }
});

Deno.test("every metric is named for signalbox, and counters end with _total", () => {
  const text = formatMetrics(statusOf());
  for (const [, name = "", type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    assert.match(name, /^signalbox_[a-z_]+$/);
    assert.equal(type === "counter", name.endsWith("_total"), name);
  }
});

Deno.test("a label's backslashes, quotes and line breaks are escaped", () => {
  const name = 'unix:///a\\b"c\nsignalbox_in_step 7\n';
  const text = formatMetrics(statusOf({
    sources: [{ name, isConnected: false, detail: "", containers: 3 }],
  }));
  assert.equal(valueOf(text, "signalbox_containers", { source: name }), 3);
  assert.equal(valueOf(text, "signalbox_source_connected", { source: name }), 0);
  assert.equal(valueOf(text, "signalbox_in_step"), 1);
});

Deno.test("a trouble, and an HAProxy that does not serve, are told as 0", () => {
  const { haproxy } = statusOf();
  const text = formatMetrics(
    statusOf({ trouble: "no", haproxy: { ...haproxy, isServing: false, failures: 4 } }),
  );
  assert.equal(valueOf(text, "signalbox_in_step"), 0);
  assert.equal(valueOf(text, "signalbox_haproxy_serving"), 0);
  assert.equal(valueOf(text, "signalbox_haproxy_failures"), 4);
});

Deno.test("a server that several routes share is counted once, under its state", () => {
  const servers = [server("a", "ready"), server("b", "waiting"), server("c", "draining")];
  const routes = ["one.example", "two.example"].map((route) => ({ route, backend: "one.example", servers }));
  const text = formatMetrics(statusOf({ routes }));
  assert.equal(valueOf(text, "signalbox_routes"), 2);
  for (const [state, count] of Object.entries({ ready: 1, waiting: 1, draining: 1, down: 0 })) {
    assert.equal(valueOf(text, "signalbox_servers", { state }), count, state);
  }
});

Deno.test("warnings are counted, and what is only worth knowing is not", () => {
  const notice = { code: "x", subject: "web", message: "y" };
  const text = formatMetrics(
    statusOf({ notices: [{ ...notice, severity: "warning" }, { ...notice, severity: "info" }] }),
  );
  assert.equal(valueOf(text, "signalbox_warnings"), 1);
});

Deno.test("events are counted by kind", () => {
  const text = formatMetrics(statusOf({ eventCounts: { "reloaded": 3, "drifted": 0 } }));
  assert.equal(valueOf(text, "signalbox_events_total", { event: "reloaded" }), 3);
  assert.equal(valueOf(text, "signalbox_events_total", { event: "drifted" }), 0);
});

Deno.test("each certificate tells when it expires", () => {
  const text = formatMetrics(statusOf({
    certificates: [
      { name: "a.pem", origin: "file", hosts: ["a.test"], validTo: "2027-01-01T00:00:00.000Z" },
      { name: "self-signed", origin: "self-signed", hosts: [], validTo: "2036-01-01T00:00:00.000Z" },
    ],
  }));
  const name = "signalbox_certificate_expiry_timestamp_seconds";
  assert.equal(valueOf(text, name, { certificate: "a.pem" }), 1_798_761_600);
  assert.equal(valueOf(text, name, { certificate: "self-signed" }), undefined);
});

Deno.test("a histogram adds up its buckets, and ends with all", () => {
  const histogram = new Histogram();
  for (const milliseconds of [2, 3, 400, 90_000]) histogram.add(milliseconds);
  const none = new Histogram().durations;
  const text = formatMetrics(statusOf({
    measured: {
      applied: { commands: histogram.durations, reload: none, drain: none },
      changes: { "add-server": 2 },
      firstTraffic: none,
      refusals: { check: 1 },
      containers: { routed: 3, left: { "no-host": 4 } },
    },
  }));
  const bucket = (le: string) =>
    valueOf(text, "signalbox_event_to_applied_seconds_bucket", { way: "commands", le });
  assert.deepEqual(["0.001", "0.0025", "0.005", "0.5", "60", "+Inf"].map(bucket), [0, 1, 2, 3, 3, 4]);
  assert.equal(valueOf(text, "signalbox_event_to_applied_seconds_count", { way: "commands" }), 4);
  assert.equal(valueOf(text, "signalbox_event_to_applied_seconds_sum", { way: "commands" }), 90.405);
  assert.equal(valueOf(text, "signalbox_ready_to_routed_seconds_bucket", { le: "+Inf" }), 0);
  assert.equal(valueOf(text, "signalbox_changes_total", { kind: "add-server" }), 2);
  assert.equal(valueOf(text, "signalbox_refusals_total", { stage: "check" }), 1);
  assert.equal(valueOf(text, "signalbox_routed_containers"), 3);
  assert.equal(valueOf(text, "signalbox_unrouted_containers", { reason: "no-host" }), 4);
});

Deno.test("what is left out since HAProxy refuses it is counted, and notices by their kind", () => {
  const notice = { severity: "warning" as const, subject: "web", message: "y" };
  const text = formatMetrics(statusOf({
    notices: [{ ...notice, code: "refused" }, { ...notice, code: "refused" }, {
      ...notice,
      code: "conflict",
    }],
  }));
  assert.equal(valueOf(text, "signalbox_quarantined_routes"), 2);
  assert.equal(valueOf(text, "signalbox_quarantined_certificates"), 0);
  assert.equal(valueOf(text, "signalbox_notices", { severity: "warning", code: "refused" }), 2);
});
