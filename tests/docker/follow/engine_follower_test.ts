import assert from "node:assert/strict";
import { ACTIONS, decodeEvent } from "../../../lib/docker/api/event.ts";
import type { ContainerId } from "../../../lib/core/values/names.ts";
import { systemClock } from "../../../lib/clock.ts";
import { eventually } from "../../harness/eventually.ts";
import { engineNow, FakeEngine } from "../fake_engine.ts";
import { Witness } from "../../harness/events.ts";
import { followerOf, tellConnected, Watch } from "../watch.ts";

Deno.test("events are subscribed to before anything is listed, and nothing is asked for but whether it has root", async () => {
  await using fake = await FakeEngine.start();
  const id = fake.run("a1");
  await using watch = new Watch(fake);
  await watch.sees("ca1");
  const [version, ...others] = fake.requests;
  assert.equal(version, "GET /version");
  // These two are asked for at once.
  assert.deepEqual(others.slice(0, 2).sort(), ["GET /v1.51/events", "GET /v1.51/info"]);
  assert.deepEqual(others.slice(2), ["GET /v1.51/containers/json", `GET /v1.51/containers/${id}/json`]);
});

Deno.test("a container that starts and one that is removed are heard of by their events", async () => {
  await using fake = await FakeEngine.start();
  fake.run("a1");
  await using watch = new Watch(fake);
  await watch.sees("ca1");
  fake.tell("start", fake.run("b2"));
  await watch.sees("ca1", "cb2");
  const [first = ""] = fake.containers.keys();
  fake.containers.delete(first);
  fake.tell("destroy", first);
  await watch.sees("cb2");
});

Deno.test("a container that stopped running is no longer told of, a paused one is told of as paused", async () => {
  await using fake = await FakeEngine.start();
  const [exits, pauses] = [fake.run("a1"), fake.run("b2")];
  await using watch = new Watch(fake);
  await watch.sees("ca1", "cb2");
  Object.assign(fake.containers.get(exits) ?? {}, { State: { Status: "exited" } });
  Object.assign(fake.containers.get(pauses) ?? {}, { State: { Status: "running", Paused: true } });
  fake.tell("die", exits);
  fake.tell("pause", pauses);
  await watch.sees("cb2");
  await eventually(() => watch.snapshot?.containers[0]?.status === "paused", { what: "the pause" });
});

const CUTS: [string, (fake: FakeEngine) => void][] = [
  ["is cut in the middle of an event", (fake) => {
    fake.send('{"Type": "container", "Act');
    fake.cut();
  }],
  ["ends", (fake) => fake.end()],
  ["brings what is no JSON", (fake) => fake.send("<html>\n")],
];

for (const [how, cut] of CUTS) {
  Deno.test(`when the stream of events ${how}, a new one is opened and everything is read again`, async () => {
    await using fake = await FakeEngine.start();
    fake.run("a1");
    await using watch = new Watch(fake);
    for (const next of ["b2", "c3", "d4"]) {
      await eventually(() => fake.followers === 1 && watch.names.length > 0, { what: "a follower" });
      const before = [...watch.names];
      fake.run(next);
      cut(fake);
      await watch.sees(...before, `c${next}`);
    }
  });
}

Deno.test("an event that comes in two halves is one event, and unknown ones do no harm", async () => {
  await using fake = await FakeEngine.start();
  await using watch = new Watch(fake);
  await eventually(() => fake.followers === 1 && watch.snapshot !== undefined, { what: "a follower" });
  const id = fake.run("a1");
  const event = JSON.stringify({
    Type: "container",
    Action: "start",
    Actor: { ID: id, Attributes: { name: "ü" } },
  });
  fake.send(
    `{"Type": 5}\nnull\n[]\n\n{"Type": "image", "Action": "pull", "Actor": {"ID": "x"}}\n${
      event.slice(0, 30)
    }`,
  );
  fake.send(`${event.slice(30)}\n`);
  await watch.sees("ca1");
  assert.deepEqual(fake.requests.filter((request) => request === "GET /version").length, 1);
});

Deno.test("events that cannot change the routing are asked for by nobody, and cost nothing where they come all the same", () => {
  const event = (Action: string) => decodeEvent({ Type: "container", Action, Actor: { ID: "a".repeat(64) } });
  for (
    const action of [
      "exec_create: sh",
      "exec_start: sh",
      "exec_die",
      "attach",
      "top",
      "resize",
      "copy",
      "commit",
    ]
  ) {
    assert.equal(event(action), undefined, action);
  }
  for (const action of ["start", "die", "health_status: healthy"]) {
    assert.equal(event(action)?.action, action);
  }
  assert.ok(!ACTIONS.some((action) => /exec|attach|^top/.test(action)));
});

Deno.test("what Podman calls died and remove means what Docker calls die and destroy", async () => {
  await using fake = await FakeEngine.start();
  const [dying, removed] = [fake.run("a1"), fake.run("b2")];
  await using watch = new Watch(fake);
  await watch.sees("ca1", "cb2");
  fake.tell("died", dying);
  await eventually(() => watch.stopping.includes(dying), { what: "the container that died" });
  fake.containers.delete(removed);
  fake.tell("remove", removed);
  await watch.sees("ca1");
  // They are asked for, or Podman would not send them.
  assert.match(fake.eventFilters[0] ?? "", /"died".*"cleanup".*"remove"/);
  const network = { Type: "network", Action: "remove", Actor: { ID: "n", Attributes: { container: dying } } };
  assert.equal(decodeEvent(network)?.action, "remove");
});

Deno.test("an event with an odd type in what is not needed is read as far as it goes", () => {
  const Actor = { ID: "a".repeat(64), Attributes: { signal: 15, container: 5, name: null } };
  assert.deepEqual(decodeEvent({ Type: "container", Action: "kill", Actor, timeNano: "x" }), {
    id: "a".repeat(64),
    action: "kill",
    killedBy: "15",
    at: undefined,
    network: undefined,
  });
  assert.equal(decodeEvent({ Type: "container", Action: "start", Actor: { ID: "a" } })?.action, "start");
});

Deno.test("a network's event is about the container that it names", async () => {
  await using fake = await FakeEngine.start();
  const id = fake.run("a1");
  await using watch = new Watch(fake);
  await watch.sees("ca1");
  const networks = { bridge: { IPAddress: "172.17.0.2" }, web: { IPAddress: "172.18.0.2" } };
  Object.assign(fake.containers.get(id) ?? {}, { NetworkSettings: { Networks: networks } });
  const actor = { ID: "f".repeat(64), Attributes: { container: id, name: "web" } };
  fake.send(`${JSON.stringify({ Type: "network", Action: "connect", Actor: actor })}\n`);
  const names = () => watch.snapshot?.containers[0]?.networks.map((network) => network.name).join();
  await eventually(() => names() === "bridge,web", { what: "the new network" });
});

const SIGNALS: [signal: string, stopSignal: string, isEnding: boolean][] = [
  ["15", "", true],
  ["9", "SIGQUIT", true],
  ["3", "SIGQUIT", true],
  ["SIGTERM", "", true],
  ["10", "USR1", true],
  ["1", "", false],
  ["1", "SIGQUIT", false],
  ["10", "SIGQUIT", false],
  ["37", "SIGRTMIN+3", true],
  ["62", "RTMAX-2", true],
  ["30", "SIGPWR", true],
  ["28", "SIGWINCH", true],
  ["36", "SIGRTMIN+3", false],
];

for (const [signal, stopSignal, isEnding] of SIGNALS) {
  const image = stopSignal === "" ? "that names no stop signal" : `that stops by ${stopSignal}`;
  Deno.test(`signal ${signal} ${isEnding ? "ends" : "does not end"} a container ${image}`, async () => {
    await using fake = await FakeEngine.start();
    const id = fake.run("a1", { StopSignal: stopSignal });
    await using watch = new Watch(fake);
    await watch.sees("ca1");
    fake.tell("kill", id, { signal });
    // Events are read in order: once the second is seen, the first has had its effect.
    fake.tell("start", fake.run("b2"));
    await watch.sees("ca1", "cb2");
    assert.deepEqual(watch.stopping, isEnding ? [id] : []);
  });
}

Deno.test("a container that is told to stop while it is still being read is known to stop once it was read", async () => {
  await using fake = await FakeEngine.start();
  await using watch = new Watch(fake);
  await eventually(() => watch.snapshot !== undefined && fake.followers > 0, {
    what: "the engine to be followed",
  });
  const id = fake.run("a1");
  const { promise: isRead, resolve: read } = Promise.withResolvers<void>();
  const inspected = fake.containers.get(id);
  fake.answer = (path) =>
    path === `/containers/${id}/json` ? isRead.then(() => Response.json(inspected)) : undefined;
  fake.tell("start", id);
  await eventually(() => fake.requests.some((request) => request.endsWith(`${id}/json`)), {
    what: "the container to be asked for",
  });
  const event = { Type: "container", Action: "kill", Actor: { ID: id, Attributes: { signal: "15" } } };
  fake.send(`${JSON.stringify({ ...event, timeNano: engineNow() * 1e6 })}\n`);
  // Events are read in order.
  const heard = () => watch.report.lines.filter((line) => line.includes("docker event")).length;
  await eventually(() => heard() === 2, { what: "the signal to be heard of" }).finally(read);
  await eventually(() => watch.stopping.includes(id), { what: "the container to be stopping" });
});

Deno.test("a container that is started again is not stopping any more", async () => {
  await using fake = await FakeEngine.start();
  const id = fake.run("a1");
  await using watch = new Watch(fake);
  await watch.sees("ca1");
  fake.tell("kill", id, { signal: "15" });
  await eventually(() => watch.stopping.length === 1, { what: "the container to be stopping" });
  assert.deepEqual(watch.living, [id]);
  fake.tell("start", id);
  await eventually(() => watch.stopping.length === 0, { what: "the container to run again" });
});

Deno.test("a container that was told to stop may keep clients until it ends", async () => {
  await using fake = await FakeEngine.start();
  const id = fake.run("a1");
  // What ended keeps its place for a moment.
  await using watch = new Watch(fake, true, undefined, systemClock);
  await watch.sees("ca1");
  fake.tell("kill", id, { signal: "15" });
  await eventually(() => watch.living.includes(id), { what: "the container to be told to stop" });
  fake.tell("die", id);
  await eventually(() => watch.living.length === 0, { what: "the container to have ended" });
});

Deno.test("a container whose JSON cannot be read is warned of, and costs no other", async () => {
  await using fake = await FakeEngine.start();
  const broken = fake.run("b2");
  fake.containers.set(broken, { Id: broken });
  fake.run("a1");
  await using watch = new Watch(fake);
  await watch.sees("ca1");
  const unreadable = watch.report.of("container-unreadable");
  assert.deepEqual(unreadable.map(({ container }) => container), ["b20000000000"]);
  assert.match(unreadable[0]?.why ?? "", /^expected a container/);
});

Deno.test("an engine that stays away is complained of once, and found when it comes back", async () => {
  await using fake = await FakeEngine.start();
  fake.run("a1");
  fake.answer = () => Response.json({ message: "starting" }, { status: 503 });
  await using watch = new Watch(fake);
  await eventually(() => fake.requests.length > 5, { what: "more attempts" });
  const lost = watch.report.of("engine-lost");
  assert.deepEqual(lost.map(({ source }) => source), ["unix:///fake"]);
  assert.match(lost[0]?.why ?? "", /^503 starting/);
  fake.answer = () => undefined;
  await watch.sees("ca1");
});

Deno.test("a list that is cut off ends the connection, and the next one reads everything", async () => {
  await using fake = await FakeEngine.start();
  fake.run("a1");
  let isCut = false;
  fake.answer = (path) => {
    if (path !== "/containers/json" || isCut) return undefined;
    isCut = true;
    return new Response('[{"Id": "a1"');
  };
  await using watch = new Watch(fake);
  await watch.sees("ca1");
  assert.equal(fake.requests.filter((request) => request.endsWith("/events")).length, 2);
});

for (
  const [what, startedAfterMs, inspects] of [
    ["is asked for while it starts, and used when it has", 5, 1],
    ["that tells of an earlier start is asked for again", -5, 2],
  ] as const
) {
  Deno.test(`an inspect of a new container ${what}`, async () => {
    await using fake = await FakeEngine.start();
    await using watch = new Watch(fake);
    await eventually(() => fake.followers === 1 && watch.snapshot !== undefined, { what: "a follower" });
    const id = fake.run("a1");
    const connectedAt = Date.parse("2024-05-01T10:00:00.500Z");
    const running = fake.containers.get(id) ?? {};
    const startedAt = new Date(connectedAt + startedAfterMs).toISOString();
    Object.assign(running, { State: { Status: "running", Running: true, StartedAt: startedAt } });
    // As the engine does: answered when the start is done, and not before.
    const started = Promise.withResolvers<Response>();
    fake.answer = (path) => path.startsWith("/containers/a1") ? started.promise : undefined;
    const asked = () => fake.requests.filter((request) => request.includes("/containers/a1")).length;
    tellConnected(fake, id, connectedAt);
    await eventually(() => asked() === 1, { what: "the early question" });
    assert.deepEqual(watch.names, []);
    assert.equal(watch.expected, 1);
    fake.answer = () => undefined;
    started.resolve(Response.json(running));
    fake.tell("start", id);
    await watch.sees("ca1");
    assert.equal(asked(), inspects);
    assert.equal(watch.expected, 1);
  });
}

Deno.test("a start that fails leaves no early answer behind", async () => {
  await using fake = await FakeEngine.start();
  await using watch = new Watch(fake);
  await eventually(() => fake.followers === 1 && watch.snapshot !== undefined, { what: "a follower" });
  const id = fake.run("a1");
  Object.assign(fake.containers.get(id) ?? {}, {
    State: { Status: "created", Running: false, StartedAt: "" },
  });
  tellConnected(fake, id, engineNow());
  fake.tell("start", fake.run("b2"));
  await watch.sees("cb2");
  Object.assign(fake.containers.get(id) ?? {}, {
    State: { Status: "running", Running: true, StartedAt: new Date(engineNow()).toISOString() },
  });
  fake.tell("start", id);
  await watch.sees("ca1", "cb2");
});

Deno.test("an engine that holds up its list does not hold up what is known otherwise", async () => {
  await using fake = await FakeEngine.start();
  fake.run("a1");
  let isHeld = false;
  const held = Promise.withResolvers<Response>();
  fake.answer = (path) => isHeld && path === "/containers/json" ? held.promise : undefined;
  const follower = followerOf(fake, new Witness());
  const ending = new AbortController();
  const wakes: unknown[] = [];
  const following = follower.follow((wake) => void wakes.push(wake), ending.signal);
  await eventually(() => wakes.length > 0, { what: "the connection" });
  await follower.refresh({ reason: "docker", isFresh: true }, ending.signal);
  isHeld = true;
  // Resolves though nothing was answered yet; what comes later wakes another pass.
  await follower.refresh({ reason: "resync" }, ending.signal);
  assert.deepEqual([...follower.containers.values()].map(({ name }) => name), ["ca1"]);
  const before = wakes.length;
  held.resolve(Response.json([]));
  await eventually(() => wakes.length > before, { what: "the late list to wake a pass" });
  ending.abort();
  await following;
});

Deno.test("what happens to a container right after its start is not hidden by the answer that came with the start", async () => {
  await using fake = await FakeEngine.start();
  const follower = followerOf(fake, new Witness());
  const ending = new AbortController();
  const ids = new Set<ContainerId>();
  const following = follower.follow((wake) => wake.ids?.forEach((id) => ids.add(id)), ending.signal);
  await eventually(() => fake.followers === 1, { what: "a follower" });
  const [renamed, ended] = [fake.run("a1"), fake.run("b2")];
  const startedAt = new Date(engineNow()).toISOString();
  for (const id of [renamed, ended]) {
    Object.assign(fake.containers.get(id) ?? {}, {
      State: { Status: "running", Running: true, StartedAt: startedAt },
    });
    tellConnected(fake, id, Date.parse(startedAt) - 5);
  }
  await eventually(() => fake.requests.filter((request) => /(a1|b2)0+\/json/.test(request)).length === 2, {
    what: "both early questions",
  });
  Object.assign(fake.containers.get(renamed) ?? {}, { Name: "/new-name" });
  Object.assign(fake.containers.get(ended) ?? {}, { State: { Status: "exited" } });
  // One pass hears of all of it.
  for (const id of [renamed, ended]) fake.tell("start", id);
  fake.tell("rename", renamed);
  fake.tell("die", ended);
  fake.tell("start", fake.run("c3"));
  await eventually(() => ids.size === 3, { what: "the last event" });
  await follower.refresh({ reason: "docker", ids }, ending.signal);
  await eventually(() => follower.containers.size === 2, { what: "two containers" });
  assert.deepEqual([...follower.containers.values()].map(({ name }) => name).sort(), ["cc3", "new-name"]);
  ending.abort();
  await following;
});
