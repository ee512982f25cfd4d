/** What wakes the loop later on. */
import assert from "node:assert/strict";
import type { Wake } from "../../lib/ports.ts";
import { Reminders } from "../../lib/loop/reminders.ts";
import { settled } from "../harness/eventually.ts";
import { HandClock } from "../harness/hand_clock.ts";

Deno.test("what is asked for sooner comes sooner, and once", async () => {
  const clock = new HandClock();
  const wakes: Wake[] = [];
  const reminders = new Reminders(clock, (wake) => void wakes.push(wake));
  const { signal } = new AbortController();
  reminders.once("postponed", 120_000, signal);
  reminders.once("postponed", 20, signal, { since: 7 });
  clock.pass(20);
  await settled();
  assert.deepEqual(wakes.map(({ since }) => since), [7]);
  clock.pass(120_000);
  await settled();
  assert.equal(wakes.length, 1);
});

Deno.test("what comes again and again is asked each time when it is due", async () => {
  const clock = new HandClock();
  const wakes: Wake[] = [];
  const ending = new AbortController();
  let intervalMs = 10;
  const reminders = new Reminders(clock, (wake) => void wakes.push(wake));
  const coming = reminders.every(() => intervalMs, { reason: "audit" }, ending.signal);
  intervalMs = 60;
  for (const [passMs, count] of [[10, 1], [50, 1], [10, 2]] as const) {
    clock.pass(passMs);
    await settled();
    assert.equal(wakes.length, count);
  }
  ending.abort();
  await coming;
});

Deno.test("each purpose is reminded of once, however often it is asked for, and none takes another's place", async () => {
  const clock = new HandClock();
  const wakes: Wake[] = [];
  const reminders = new Reminders(clock, (wake) => void wakes.push(wake));
  const { signal } = new AbortController();
  let mended = 0;
  reminders.once("load", 10_000, signal);
  reminders.once("load", 10_000, signal);
  reminders.once("refused", 10_000, signal, { before: () => mended++ });
  reminders.once("postponed", 50, signal, { since: 7 });
  clock.pass(50);
  await settled();
  assert.deepEqual(wakes.map(({ since }) => since), [7]);
  clock.pass(10_000);
  await settled();
  assert.deepEqual([wakes.length, mended], [3, 1]);
});
