/** What HAProxy prints while all is well is of no interest, and what it prints of a trouble is. */
import assert from "node:assert/strict";
import { HaproxyOutput } from "../../../lib/haproxy/process/output.ts";
import { Witness } from "../../harness/events.ts";
import { SteppingClock } from "../../harness/stepping_clock.ts";

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

Deno.test("one trouble has the same words at each start, whoever the processes are, and when its lines come", async () => {
  // As 3.4 prints them, each line when the clock has gone that far.
  const said = async (worker: number, everyMs: number) => {
    const [clock, output] = [new SteppingClock(), new HaproxyOutput(new Witness())];
    const lines = [
      "Binding [haproxy.cfg:9] for frontend web: cannot bind socket (Address already in use) for [127.0.0.1:80].",
      "haproxy version is 3.4.7-1",
      "path to executable is /usr/sbin/haproxy",
      `Failed to load worker (${worker}) exited with code 1 (Exit)`,
    ];
    lines.forEach((line, at) => clock.after(at * everyMs, () => output.take("error", line)));
    return await output.explain("it failed", clock);
  };
  const first = await said(15569, 0);
  assert.match(
    first,
    /^it failed: Binding \[.*\]\.; Failed to load worker exited with code 1 \(Exit\); stop the program/,
  );
  assert.equal(await said(4711, 9), first);
});
