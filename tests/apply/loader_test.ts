/** The space between reloads, and what is told of it. */
import assert from "node:assert/strict";
import { Loader } from "../../lib/apply/loader.ts";
import type { HaproxyControl } from "../../lib/ports.ts";
import { openRouting, want } from "../changes/situation.ts";
import { HandClock } from "../harness/hand_clock.ts";

const FLAPPING = [{ kind: "settings", added: ["option x"], removed: [] }] as const;

async function reloadTwentyTimes(canAddServers: boolean) {
  const clock = new HandClock();
  const haproxy = {
    capabilities: { canAddServers },
    load: () => Promise.resolve({ kind: "applied" }),
  } as unknown as HaproxyControl;
  const loader = new Loader(haproxy, clock);
  const { desired } = want(await openRouting({ "haproxy-version": "2.6" }), "[]", {});
  for (let count = 0; count < 20; count++) {
    assert.equal(loader.pauseMs(FLAPPING, desired), 0);
    await loader.load(FLAPPING, desired, new Map(), new AbortController().signal);
  }
  return { loader, desired, clock };
}

Deno.test("after many reloads in a row the next one waits, and is named until its time has come", async () => {
  const { loader, desired, clock } = await reloadTwentyTimes(true);
  const pauseMs = loader.pauseMs(FLAPPING, desired);
  assert.ok(pauseMs > 0);
  assert.deepEqual(loader.spaced, FLAPPING);
  clock.pass(pauseMs);
  assert.equal(loader.spaced, undefined);
  assert.equal(loader.pauseMs(FLAPPING, desired), 0);
});

Deno.test("one that somebody asked for does not wait, and none where each container is a reload", async () => {
  const { loader, desired } = await reloadTwentyTimes(true);
  assert.equal(loader.pauseMs([{ kind: "asked", detail: "SIGHUP" }], desired), 0);
  const old = await reloadTwentyTimes(false);
  assert.equal(old.loader.pauseMs(FLAPPING, old.desired), 0);
});
