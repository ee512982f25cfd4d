/** An engine that misbehaves a thousand times: the follower neither grows nor spins, and is right when it is well again. */
import assert from "node:assert/strict";
import { EngineFollower } from "../../lib/docker/follow/engine_follower.ts";
import type { Clock } from "../../lib/ports.ts";
import { cutAnswer, FakeEngine, impatientClock } from "../docker/fake_engine.ts";
import { eventually, settled } from "../harness/eventually.ts";
import { Witness } from "../harness/events.ts";

const CUTS = 1_000;

/** What an engine does that is not well, one after the other. */
const ILLS: readonly (readonly [string, (path: string) => Response | undefined])[] = [
  ["answers 500", () => Response.json({ message: "boom" }, { status: 500 })],
  ["answers garbage", () => new Response("<html>\0\x1b[2J</html>")],
  ["answers half JSON", () => cutAnswer('{"Version":"28.0')],
  ["refuses its events", (path) => path === "/events" ? new Response("no", { status: 503 }) : undefined],
  ["sends garbage as events", (path) => path === "/events" ? new Response("}{ no JSON\n") : undefined],
  [
    "ends its events in the middle of a line",
    (path) => path === "/events" ? cutAnswer('\n{"Type":"container","Action":"sta') : undefined,
  ],
  ["ends its events at once", (path) => path === "/events" ? new Response("\n") : undefined],
];

async function descriptors(): Promise<number> {
  return (await Array.fromAsync(Deno.readDir("/proc/self/fd"))).length;
}

Deno.test(`an engine that misbehaves ${CUTS} times costs no descriptor and no memory, and is waited for each time`, async () => {
  await using fake = await FakeEngine.start();
  fake.run("a1");
  let waits = 0;
  let shortest = Infinity;
  const clock: Clock = {
    ...impatientClock,
    sleep: (ms) => {
      waits++;
      shortest = Math.min(shortest, ms);
      return settled();
    },
  };
  const report = new Witness();
  const follower = new EngineFollower({
    url: "unix:///fake",
    openTransport: () => Promise.resolve(fake.transport),
    findAddress: () => Promise.resolve(undefined),
    answers: () => Promise.resolve(true),
    untilGone: () => Promise.resolve(false),
    isReachedDirectly: () => true,
    clock,
    chance: Math.random,
    report,
  });
  const ending = new AbortController();
  const { signal } = ending;
  fake.answer = (path) => ILLS[Math.floor(waits / 10) % ILLS.length]?.[1](path);
  const following = follower.follow(
    (wake) => void follower.refresh(wake, signal).catch(() => undefined),
    signal,
  );
  const after = (count: number) =>
    eventually(() => waits >= count, { what: `${count} delays`, limitMs: 120_000, everyMs: 5 });
  await after(CUTS / 5);
  const before = { fds: await descriptors(), rss: Deno.memoryUsage().rss };
  await after(CUTS + CUTS / 5);
  const grown = { fds: await descriptors() - before.fds, rss: Deno.memoryUsage().rss - before.rss };
  assert.ok(grown.fds < 20, `${grown.fds} more descriptors`);
  // 40 to 55 here, engine and follower in one process; it stays as it is after some 6,000, when the runtime has settled.
  assert.ok(grown.rss < 96 * 1_048_576, `${Math.round(grown.rss / 1_048_576)} MiB more`);
  assert.ok(shortest >= 75, `a delay of ${shortest} ms`);
  // Well again: it connects, and knows the container.
  fake.answer = () => undefined;
  await eventually(() => follower.isConnected && follower.containers.size === 1, { what: "the container" });
  ending.abort();
  await following;
  console.log(
    `${waits} delays, none below ${shortest} ms; ${grown.fds} descriptors and ${
      Math.round(grown.rss / 1_048_576)
    } MiB more; ${report.lines.length} lines reported`,
  );
});
