/** Engines that hang on some of their containers: Docker does so where the process that runs one has hung. */
import assert from "node:assert/strict";
import { systemClock } from "../../../lib/clock.ts";
import { EngineFollower } from "../../../lib/docker/follow/engine_follower.ts";
import { Witness } from "../../harness/events.ts";
import { eventually } from "../../harness/eventually.ts";
import { FakeEngine } from "../fake_engine.ts";
import { followerOf } from "../watch.ts";

/** Follows an engine that answers no inspect of some containers, reads it twice, and tells what it knows by then. */
async function readWith(hanging: readonly string[], others: readonly string[]) {
  await using fake = await FakeEngine.start();
  const held = Promise.withResolvers<Response>();
  const ids = hanging.map((digits) => fake.run(digits));
  for (const digits of others) fake.run(digits);
  fake.answer = (path) => ids.some((id) => path === `/containers/${id}/json`) ? held.promise : undefined;
  const report = new Witness();
  const follower = new EngineFollower({
    ...followerOf(fake, report, true, systemClock).parts,
    deadlineMs: 1_500,
  });
  const ending = new AbortController();
  const wakes: unknown[] = [];
  const following = follower.follow((wake) => void wakes.push(wake), ending.signal);
  await eventually(() => wakes.length > 0, { what: "the connection" });
  const fails = (await Promise.allSettled([
    follower.refresh({ reason: "docker", isFresh: true }, ending.signal),
  ])).some(({ status }) => status === "rejected");
  if (!fails) await follower.refresh({ reason: "resync" }, ending.signal);
  const names = [...follower.containers.values()].map(({ name }) => name).sort();
  const { isConnected } = follower;
  held.resolve(Response.json({}, { status: 404 }));
  ending.abort();
  await following;
  return { names, fails, isConnected, late: report.of("container-late") };
}

Deno.test("an engine that hangs on one container is followed for all others from the first list on", async () => {
  const { names, fails, isConnected, late } = await readWith(["a1"], ["b2", "c3"]);
  assert.deepEqual([names, fails, isConnected], [["cb2", "cc3"], false, true]);
  assert.deepEqual(late.map(({ container }) => container), ["a10000000000"], "it is told once");
});

Deno.test("an engine that hangs on many containers hangs as a whole", async () => {
  const many = Array.from({ length: 9 }, (_, at) => `a${at}`);
  assert.equal((await readWith(many, ["b2"])).fails, true);
});
