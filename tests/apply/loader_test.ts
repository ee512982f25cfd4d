/** The space between reloads, and what is told of it. */
import assert from "node:assert/strict";
import { Loader } from "../../lib/apply/loader.ts";
import type { Event } from "../../lib/core/status/event.ts";
import { openRouting, want } from "../changes/situation.ts";
import { HandClock } from "../harness/hand_clock.ts";
import { MemoryHaproxy } from "../harness/memory_haproxy.ts";

const FLAPPING = [{ kind: "settings", added: ["option x"], removed: [] }] as const;

async function reloadTwentyTimes(canAddServers: boolean) {
  const clock = new HandClock();
  const haproxy = new MemoryHaproxy();
  haproxy.capabilities = { ...haproxy.capabilities, canAddServers };
  const told: Event[] = [];
  const loader = new Loader(haproxy, clock, { tell: (event) => void told.push(event) });
  const { desired } = want(await openRouting({ "haproxy-version": "2.6" }), "[]", {});
  for (let count = 0; count < 20; count++) {
    assert.equal(loader.pauseMs(FLAPPING, desired), 0);
    await loader.load(FLAPPING, desired, new Map(), new AbortController().signal);
  }
  return { loader, desired, clock, told };
}

Deno.test("after many reloads in a row the next one waits, and is named until its time has come", async () => {
  const { loader, desired, clock, told } = await reloadTwentyTimes(true);
  const pauseMs = loader.pauseMs(FLAPPING, desired);
  assert.equal(pauseMs, 120_000);
  clock.pass(20_000);
  assert.equal(loader.pauseMs(FLAPPING, desired), 100_000);
  assert.deepEqual(loader.spaced, { reasons: FLAPPING, waitMs: 100_000 });
  assert.deepEqual(told, [{ kind: "reload-waits", reasons: FLAPPING, waitMs: 120_000 }], "it is told once");
  clock.pass(100_000);
  assert.equal(loader.spaced, undefined);
  assert.equal(loader.pauseMs(FLAPPING, desired), 0);
});

Deno.test("a reload that is not needed any more is not waited for", async () => {
  const { loader, desired } = await reloadTwentyTimes(true);
  loader.pauseMs(FLAPPING, desired);
  loader.hear({ kind: "nothing" });
  assert.equal(loader.spaced, undefined);
});

Deno.test("one that somebody asked for does not wait, and none where each container is a reload", async () => {
  const { loader, desired } = await reloadTwentyTimes(true);
  assert.equal(loader.pauseMs([{ kind: "asked", detail: "SIGHUP" }], desired), 0);
  const old = await reloadTwentyTimes(false);
  assert.equal(old.loader.pauseMs(FLAPPING, old.desired), 0);
});

Deno.test("a divergence is mended at once the first time, and has the budget of all others when it comes again", async () => {
  const DIVERGED = [{ kind: "diverged", detail: "it has one server more" }] as const;
  const { loader, desired, clock } = await reloadTwentyTimes(true);
  const { signal } = new AbortController();
  assert.ok(loader.pauseMs(FLAPPING, desired) > 0, "the budget is spent");
  assert.equal(loader.pauseMs(DIVERGED, desired), 0, "the first one does not wait");
  await loader.load(DIVERGED, desired, new Map(), signal);
  // As long as connections may last, fifty of them end none.
  const startedAt = clock.now();
  for (let count = 0; count < 30; count++) {
    const pauseMs = loader.pauseMs(DIVERGED, desired);
    assert.ok(pauseMs > 0 && pauseMs <= 120_000, `${pauseMs}`);
    clock.pass(pauseMs);
    await loader.load(DIVERGED, desired, new Map(), signal);
  }
  assert.ok(clock.now() - startedAt >= desired.model.frontend.hardStopAfterMs);
  for (let count = 0; count < 20; count++) await loader.load(FLAPPING, desired, new Map(), signal);
  clock.pass(desired.model.frontend.hardStopAfterMs);
  for (let count = 0; count < 20; count++) await loader.load(FLAPPING, desired, new Map(), signal);
  assert.equal(loader.pauseMs(DIVERGED, desired), 0, "long after it, the next is a first one again");
});
