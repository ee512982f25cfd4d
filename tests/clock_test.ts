/** Many who wait for one signal are told of its end, and leave nothing behind. */
import assert from "node:assert/strict";
import { onAbort, systemClock } from "../lib/clock.ts";

/** A signal, and how many listeners it has. */
function counted() {
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
  signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args));
  return { controller, signal, listeners: () => listeners };
}

Deno.test("however many wait for a signal, it has one listener, and none once they have left", async () => {
  const { signal, listeners } = counted();
  const sleeping = Array.from({ length: 100 }, () => systemClock.sleep(1, signal));
  assert.equal(listeners(), 1);
  await Promise.all(sleeping);
  assert.equal(listeners(), 0);
  const leave = onAbort(signal, () => undefined);
  assert.equal(listeners(), 1, "it is listened to again");
  leave();
  leave();
  assert.equal(listeners(), 0);
});

Deno.test("an abort ends every sleep, and tells those that have not left", async () => {
  const { controller, signal } = counted();
  const told: string[] = [];
  onAbort(signal, () => told.push("first"));
  onAbort(signal, () => told.push("gone"))();
  const sleeping = Promise.all(Array.from({ length: 3 }, () => systemClock.sleep(60_000, signal)));
  onAbort(signal, () => told.push("last"));
  controller.abort();
  await sleeping;
  assert.deepEqual(told, ["first", "last"]);
});
