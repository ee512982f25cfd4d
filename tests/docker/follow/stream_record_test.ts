/** A stream of events that has died without an end is found by the lists, and opened again once. */
import assert from "node:assert/strict";
import { StreamRecord } from "../../../lib/docker/follow/stream_record.ts";
import { decodeEvent } from "../../../lib/docker/api/event.ts";
import { eventually } from "../../harness/eventually.ts";
import { Witness } from "../../harness/events.ts";
import { HandClock } from "../../harness/hand_clock.ts";
import { FakeEngine } from "../fake_engine.ts";
import { followerOf } from "../watch.ts";

const idOf = (digits: string) => digits.padEnd(64, "0");
const startOf = (digits: string) =>
  decodeEvent({ Type: "container", Action: "start", Actor: { ID: idOf(digits), Attributes: {} } });

/** Compares lists, with what is told behind each within the time for late events; answers with whether it was given up. */
async function compare(...steps: readonly (readonly [listed: string, told: string])[]): Promise<boolean> {
  const [clock, record, connection] = [new HandClock(), new StreamRecord(), new AbortController()];
  record.open();
  for (const [listed, told] of steps) {
    const ids = new Set(listed.split(" ").map(idOf));
    const comparing = record.compare(ids, clock, {
      signal: connection.signal,
      abort: (why) => connection.abort(why),
    });
    for (const digits of told === "" ? [] : told.split(" ")) record.hear(startOf(digits));
    clock.pass(5_000);
    await comparing;
  }
  return connection.signal.aborted;
}

Deno.test("a list that shows what no event told ends the connection, be it new or gone", async () => {
  assert.ok(await compare(["a1", ""], ["a1 b2", ""]));
  assert.ok(await compare(["a1 b2", ""], ["a1", ""]));
});

Deno.test("what events told, before the list or a moment after it, is no sign of a dead stream", async () => {
  assert.ok(!await compare(["a1", "b2"], ["a1 b2", ""]));
  assert.ok(!await compare(["a1", ""], ["a1 b2", "b2"]));
  // The event came while the list was made, and the list after that one is the first to show it.
  assert.ok(!await compare(["a1", "b2"], ["a1", ""], ["a1 b2", ""]));
  assert.ok(!await compare(["a1 b2", ""], ["a1 b2", ""]));
});

Deno.test("a stream that died without an end is opened again once, with a word, and told of as a reconnect", async () => {
  await using fake = await FakeEngine.start();
  fake.run("a1");
  const report = new Witness();
  const follower = followerOf(fake, report);
  const ending = new AbortController();
  const { signal } = ending;
  let isFresh = false;
  const following = follower.follow((wake) => void (isFresh ||= wake.isFresh === true), signal);
  const streams = () => fake.requests.filter((request) => request.endsWith("/events")).length;
  const readAnew = async () => {
    await eventually(() => isFresh, { what: "the connection" });
    isFresh = false;
    await follower.refresh({ reason: "docker", isFresh: true }, signal);
  };
  await readAnew();
  // No event tells of these.
  fake.run("b2");
  await follower.refresh({ reason: "resync" }, signal);
  await readAnew();
  assert.deepEqual([streams(), follower.describe().reconnects], [2, 1]);
  assert.deepEqual(report.of("engine-lost").map(({ why }) => why), [
    "its events have stopped: none told of container b20000000000",
  ]);
  // An engine that sends no events at all is not connected to anew for ever.
  fake.run("c3");
  await follower.refresh({ reason: "resync" }, signal);
  await follower.refresh({ reason: "resync" }, signal);
  await eventually(() => follower.containers.size === 3, { what: "the third container" });
  assert.deepEqual([streams(), follower.isConnected], [2, true]);
  ending.abort();
  await following;
});
