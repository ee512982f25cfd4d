/** What becomes of wakes that come together. */
import assert from "node:assert/strict";
import { Mailbox } from "../../lib/loop/mailbox.ts";
import type { Wake } from "../../lib/ports.ts";
import { settled } from "../harness/eventually.ts";
import { HandClock } from "../harness/hand_clock.ts";

const SETTLE = { quietMs: 10, mostMs: 100 };

/** Whether a wake that comes right after a pass is acted on at once. */
async function isUrgent(wake: Wake): Promise<boolean> {
  const clock = new HandClock();
  const mailbox = new Mailbox(clock);
  mailbox.put(wake);
  const taken = mailbox.take(SETTLE, clock.now() - 1);
  const isUrgent = clock.waiting === 0;
  clock.pass(SETTLE.quietMs);
  assert.equal(await taken, wake);
  return isUrgent;
}

Deno.test("a wake that names nothing to read is urgent, unless it may be one of many", async () => {
  assert.equal(await isUrgent({ reason: "haproxy", ids: new Set() }), true);
  assert.equal(await isUrgent({ reason: "docker", ids: new Set(), settles: true }), false);
  assert.equal(await isUrgent({ reason: "resync" }), false);
});

Deno.test("of two wakes the first one's time counts, and all that either names", async () => {
  const clock = new HandClock();
  const mailbox = new Mailbox(clock);
  mailbox.put({ reason: "docker", ids: new Set(), since: 990, settles: true });
  mailbox.put({ reason: "audit", ids: new Set(), since: 995 });
  const wake = await mailbox.take(SETTLE, clock.now() - 1);
  assert.deepEqual([wake?.reason, wake?.since, wake?.ids?.size], ["audit", 990, 0]);
});

Deno.test("a pass lasts until its successor is asked for, and none begins after the signal", async () => {
  const clock = new HandClock();
  const mailbox = new Mailbox(clock);
  const ending = new AbortController();
  const taken: string[] = [];
  const loop = async () => {
    for await (const { reason } of mailbox.wakes(SETTLE, ending.signal)) {
      taken.push(reason);
      if (reason === "signal") clock.pass(1_000);
    }
  };
  mailbox.put({ reason: "signal" });
  const running = loop();
  await settled();
  mailbox.put({ reason: "resync" });
  await settled();
  assert.deepEqual(taken, ["signal"], "the pass before ended a moment ago");
  clock.pass(SETTLE.quietMs);
  await settled();
  assert.deepEqual(taken, ["signal", "resync"]);
  mailbox.put({ reason: "audit", ids: new Set() });
  ending.abort();
  await running;
  assert.deepEqual(taken, ["signal", "resync"]);
});
