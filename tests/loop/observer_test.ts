/** What the loop knows of containers while their engines answer, and while they do not. */
import assert from "node:assert/strict";
import type { Snapshot } from "../../lib/core/snapshot/snapshot.ts";
import { Observer } from "../../lib/loop/observer.ts";
import { SourceError } from "../../lib/ports.ts";
import { container } from "../core/containers.ts";
import { Witness } from "../harness/events.ts";
import { HandClock } from "../harness/hand_clock.ts";

const snapshotOf = (name: string): Snapshot => {
  const view = container(name);
  return { containers: [view], stopping: new Set(), starting: new Set([view.id]) };
};

/** An observer of a source that answers with each of these in turn, and then no more. */
function observing(canSetStates: boolean, ...answers: readonly Snapshot[]) {
  const left = [...answers];
  const observer = new Observer({
    source: {
      initial: snapshotOf("initial"),
      observe: () => {
        const answer = left.shift();
        return answer ? Promise.resolve(answer) : Promise.reject(new SourceError("no engine"));
      },
    },
    haproxy: { capabilities: { canAddServers: false, canAddBackends: false, canSetStates } },
    clock: new HandClock(),
    report: new Witness(),
  });
  const names = () => observer.snapshot.containers.map(({ name }) => name);
  return { observe: () => observer.observe({ reason: "resync" }, new AbortController().signal), names };
}

Deno.test("the last snapshot stays while the source does not answer", async () => {
  const { observe, names } = observing(true, snapshotOf("web"));
  assert.deepEqual(names(), ["initial"]);
  assert.equal(await observe(), true);
  assert.deepEqual(names(), ["web"]);
  assert.equal(await observe(), false);
  assert.deepEqual(names(), ["web"]);
});

Deno.test("a container that is being started is no part of it where HAProxy takes no states", async () => {
  const { observe, names } = observing(false, snapshotOf("web"));
  await observe();
  assert.deepEqual(names(), []);
});
