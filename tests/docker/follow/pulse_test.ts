import assert from "node:assert/strict";
import { systemClock } from "../../../lib/clock.ts";
import { connectEngine } from "../../../lib/docker/api/connect.ts";
import { decodeContainer } from "../../../lib/docker/api/decode.ts";
import { decodeEvent } from "../../../lib/docker/api/event.ts";
import { watchAnswers, watchList } from "../../../lib/docker/follow/pulse.ts";
import type { ContainerView } from "../../../lib/core/snapshot/snapshot.ts";
import type { Clock, Wake } from "../../../lib/ports.ts";
import { eventually } from "../../harness/eventually.ts";
import { FakeEngine, impatientClock } from "../fake_engine.ts";
import { Watch } from "../watch.ts";

const PODMAN = { name: "Podman Engine" };

/** A connection to the engine, with what it was given up for. */
async function connectTo(fake: FakeEngine, clock: Clock = systemClock) {
  const ending = new AbortController();
  const engine = await connectEngine(fake.transport, clock, ending.signal);
  return {
    engine,
    signal: ending.signal,
    abort: (why: unknown) => ending.abort(why),
    [Symbol.dispose]: () => {
      ending.abort();
      engine.close();
    },
  };
}

Deno.test("an engine that is cut off is given up once it leaves a ping without an answer", async () => {
  await using fake = await FakeEngine.start();
  const cut = Promise.withResolvers<Response>();
  let pings = 0;
  fake.answer = (path) => path !== "/_ping" ? undefined : ++pings < 3 ? new Response("OK") : cut.promise;
  // The limit passes once no answer comes any more.
  const clock: Clock = {
    ...impatientClock,
    after: (ms, pass) => pings < 2 ? () => {} : impatientClock.after(ms, pass),
  };
  using connection = await connectTo(fake, clock);
  await watchAnswers(connection, { parts: { clock } } as never);
  cut.resolve(new Response("OK"));
  assert.ok(pings >= 2, "those that are answered are no reason");
  assert.match(String(connection.signal.reason), /no answer to a ping/);
});

Deno.test("a list of Podman's that differs wakes the loop, and one that does not leaves it alone", async () => {
  await using fake = await FakeEngine.start(PODMAN);
  using connection = await connectTo(fake);
  assert.ok(connection.engine.isPodman);
  assert.match(connection.engine.description, /^Podman 28/);
  let lists = 0;
  fake.answer = (path) => void (path === "/containers/json" && lists++);
  const wakes: Wake[] = [];
  const missing: ContainerView[] = [];
  const watching = watchList(connection, {
    parts: { clock: impatientClock },
    isAsListed: () => true,
    missingFrom: () => missing,
    wake: (wake: Wake) => void wakes.push(wake),
  } as never);
  await eventually(() => lists > 2, { what: "three lists" });
  assert.deepEqual(wakes, []);
  missing.push({} as ContainerView);
  await eventually(() => wakes.some(({ ids }) => ids === undefined), { what: "all to be read again" });
  connection.abort("over");
  await watching;
});

Deno.test("a container that Podman stops without an event gets no more traffic", async () => {
  await using fake = await FakeEngine.start(PODMAN);
  const id = fake.run("a1");
  fake.run("b2");
  await using watch = new Watch(fake);
  await watch.sees("ca1", "cb2");
  // Podman 5.8: not in the list any more, and running in word alone.
  const State = { Status: "running", Running: false, StartedAt: "2024-05-01T10:00:01Z" };
  Object.assign(fake.containers.get(id) ?? {}, { State });
  const listed = [...fake.containers].filter(([each]) => each !== id);
  fake.answer = (path) =>
    path === "/containers/json"
      ? Response.json(listed.map(([each]) => ({ Id: each, Names: ["/cb2"], State: "running", Status: "Up" })))
      : undefined;
  await watch.sees("cb2");
});

Deno.test("what Podman tells otherwise than Docker is read rightly", () => {
  const id = "a".repeat(64);
  const event = (Type: string, Action: string, Attributes?: Record<string, string>) =>
    decodeEvent({ Type, Action, Actor: { ID: id, ...(Attributes && { Attributes }) } });
  assert.equal(event("container", "cleanup")?.action, "die");
  assert.equal(event("container", "kill", {})?.killedBy, undefined, "it does not say by which signal");
  assert.equal(event("network", "connect", { network: "web" })?.id, id, "the id is the container's");
  assert.equal(event("network", "create", { name: "web" }), undefined, "a network alone is nobody's change");
  const json = { Id: id, Created: "2024-05-01T10:00:00Z", Config: {} };
  const statusOf = (State: Record<string, unknown>) => {
    const container = decodeContainer({ ...json, State });
    return container.ok && container.value.status;
  };
  assert.equal(statusOf({ Status: "running", Running: false }), "stopping");
  assert.equal(statusOf({ Status: "running" }), "running");
  assert.equal(statusOf({ Running: true }), "running");
});
