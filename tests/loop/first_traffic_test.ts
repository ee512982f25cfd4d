/** How long it takes from a container's readiness to its first traffic. */
import assert from "node:assert/strict";
import { FirstTraffic } from "../../lib/loop/first_traffic.ts";
import type { Running } from "../../lib/core/state/running.ts";
import type { ServerState } from "../../lib/core/runtime/operation.ts";
import type { ServerName } from "../../lib/core/values/names.ts";

const [A, B] = ["a:x:80" as ServerName, "b:y:80" as ServerName];

function running(states: Readonly<Record<string, ServerState>>, isPublished = true): Running {
  const servers = new Map(
    Object.entries(states).map((
      [name, state],
    ) => [name as ServerName, { line: "", state, isLeaving: false }]),
  );
  const section = { shape: "", isSpare: false, isDynamic: true, isPublished, servers };
  return { sections: new Map([["a", section]]) } as unknown as Running;
}

Deno.test("the time runs from a container's answer to the pass after which HAProxy gives it traffic", () => {
  let now = 1_000;
  const traffic = new FirstTraffic({ now: () => now });
  const wanted = new Map([[A, "ready"], [B, "ready"]]);
  traffic.isReady(A);
  now = 1_010;
  traffic.isReady(B);
  traffic.isRunning(undefined, wanted, 1_011);
  traffic.isRunning(running({ [A]: "maint", [B]: "ready" }, false), wanted, 1_012);
  traffic.isRunning(running({ [A]: "maint", [B]: "ready" }), wanted, 1_020);
  assert.equal(traffic.durations.sumSeconds, 0.01);
  traffic.isRunning(running({ [A]: "ready", [B]: "ready" }), wanted, 1_100);
  traffic.isRunning(running({ [A]: "ready", [B]: "ready" }), wanted, 1_200);
  assert.equal(traffic.durations.sumSeconds, 0.11);
  assert.equal(traffic.durations.counts.reduce((a, b) => a + b), 2);
});

Deno.test("a container that goes before it had traffic is forgotten", () => {
  const traffic = new FirstTraffic({ now: () => 0 });
  traffic.isReady(A);
  traffic.isRunning(running({}), new Map(), 5);
  traffic.isRunning(running({ [A]: "ready" }), new Map([[A, "ready"]]), 9);
  assert.equal(traffic.durations.counts.reduce((a, b) => a + b), 0);
});
