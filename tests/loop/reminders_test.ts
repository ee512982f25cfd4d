/** What wakes the loop later on. */
import assert from "node:assert/strict";
import type { Wake } from "../../lib/ports.ts";
import { Reminders } from "../../lib/loop/reminders.ts";
import { HandClock } from "../harness/hand_clock.ts";

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
  await Promise.resolve();
  assert.deepEqual(wakes.map(({ since }) => since), [7]);
  clock.pass(10_000);
  await Promise.resolve();
  assert.deepEqual([wakes.length, mended], [3, 1]);
});
