/** What becomes of wakes that come together. */
import assert from "node:assert/strict";
import { Mailbox } from "../lib/mailbox.ts";
import type { Clock, Wake } from "../lib/ports.ts";

/** A clock that stands still until it is set, and fires what is due then. */
class HandClock implements Clock {
  #now = 1_000;
  readonly #due: { readonly at: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const entry = { at: this.#now + milliseconds, callback };
    this.#due.push(entry);
    return () => void this.#due.splice(this.#due.indexOf(entry), 1);
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => void this.after(milliseconds, resolve));
  }

  pass(milliseconds: number): void {
    this.#now += milliseconds;
    for (const { callback } of this.#due.filter(({ at }) => at <= this.#now)) callback();
  }
}

const SETTLE = { quietMs: 10, mostMs: 100 };

/** Whether a wake that comes right after a pass is acted on at once. */
async function isUrgent(wake: Wake): Promise<boolean> {
  const clock = new HandClock();
  const mailbox = new Mailbox(clock);
  mailbox.put(wake);
  const taken = mailbox.take(SETTLE, clock.now() - 1);
  let isTaken = false;
  void taken.then(() => isTaken = true);
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  const wasTaken = isTaken;
  clock.pass(SETTLE.quietMs);
  assert.equal(await taken, wake);
  return wasTaken;
}

Deno.test("a wake that names nothing to read is urgent, unless it may be one of many", async () => {
  assert.equal(await isUrgent({ reason: "haproxy", ids: new Set() }), true);
  assert.equal(await isUrgent({ reason: "docker", ids: new Set(), mayComeInNumbers: true }), false);
  assert.equal(await isUrgent({ reason: "resync" }), false);
});

Deno.test("of two wakes the first one's time counts, and all that either names", async () => {
  const clock = new HandClock();
  const mailbox = new Mailbox(clock);
  mailbox.put({ reason: "docker", ids: new Set(), since: 990, mayComeInNumbers: true });
  mailbox.put({ reason: "audit", ids: new Set(), since: 995 });
  const wake = await mailbox.take(SETTLE, clock.now() - 1);
  assert.deepEqual([wake?.reason, wake?.since, wake?.ids?.size], ["audit", 990, 0]);
});
