/** What HAProxy prints while all is well is of no interest, and what it prints of a trouble is. */
import assert from "node:assert/strict";
import { HaproxyOutput } from "../../../lib/haproxy/process/output.ts";
import { Witness } from "../../harness/events.ts";

// As 2.6 to 3.4 print them for `del server`, `add server`, `add backend` and their like.
const ANSWERS = [
  "Server deleted.",
  "New server registered.",
  "New backend registered",
  "Backend published.",
  "Backend unpublished.",
  "Backend deleted.",
];

Deno.test("what HAProxy prints for each command is told at the level debug alone", () => {
  const report = new Witness();
  const output = new HaproxyOutput(report);
  for (const line of ANSWERS) output.take("info", line);
  assert.deepEqual(
    report.events,
    ANSWERS.map((line) => ({ kind: "haproxy-printed", line, level: "debug" })),
  );
});

Deno.test("what HAProxy prints of a trouble keeps its severity, whatever words are in it", () => {
  const report = new Witness();
  const output = new HaproxyOutput(report);
  output.take("error", "Server deleted. That is an error");
  output.take("warn", "Proxy web has a trouble");
  assert.deepEqual(report.events, [
    { kind: "haproxy-printed", line: "Server deleted. That is an error", level: "error" },
    { kind: "haproxy-printed", line: "Proxy web has a trouble", level: "warn" },
  ]);
});

Deno.test("a host without a server is told of where its check failed, and not where signalbox took the server out", () => {
  const report = new Witness();
  const output = new HaproxyOutput(report);
  const lines = [
    "Server web/a is going DOWN for maintenance. 0 active and 0 backup servers left.",
    "backend 'web' has no server available!",
    "CLI : backend '_spare_2' has no server available!",
    "Server shop/a is DOWN, reason: Layer4 connection problem",
    "backend 'shop' has no server available!",
  ];
  for (const line of lines) output.take("warn", line);
  const levels = report.events.map((event) => event.kind === "haproxy-printed" && event.level);
  assert.deepEqual(levels, ["debug", "debug", "debug", "warn", "info"]);
});
