import assert from "node:assert/strict";
import { systemClock } from "../../../lib/clock.ts";
import { agreeOnApi, connectEngine } from "../../../lib/docker/api/connect.ts";
import { ACTIONS } from "../../../lib/docker/api/event.ts";
import { ReadModem } from "../../../lib/docker/api/modem.ts";
import { readContainers } from "../../../lib/docker/api/read_containers.ts";
import { settled } from "../../harness/eventually.ts";
import { cutAnswer, FakeEngine } from "../fake_engine.ts";

const NEVER = new AbortController().signal;

const ENGINES = [
  { name: "an engine of 20.10", apiVersion: "1.41", minApiVersion: "1.12", agreed: "1.41" },
  {
    name: "an engine of 28 that has left old clients behind",
    apiVersion: "1.51",
    minApiVersion: "1.44",
    agreed: "1.51",
  },
  {
    name: "an engine of the future that has left us behind",
    apiVersion: "1.60",
    minApiVersion: "1.55",
    agreed: "1.55",
  },
  {
    name: "an engine of the future that still knows us",
    apiVersion: "1.60",
    minApiVersion: "1.44",
    agreed: "1.51",
  },
];

for (const { name, agreed, ...versions } of ENGINES) {
  Deno.test(`with ${name}, API ${agreed} is spoken`, async () => {
    await using fake = await FakeEngine.start(versions);
    const id = fake.run("a1");
    const engine = await connectEngine(fake.transport, systemClock, NEVER);
    assert.deepEqual((await engine.list(NEVER)).map((entry) => entry.id), [id]);
    await engine.inspect(id, NEVER);
    engine.close();
    assert.deepEqual(fake.requests, [
      "GET /version",
      `GET /v${agreed}/containers/json`,
      `GET /v${agreed}/containers/${id}/json`,
    ]);
    assert.match(engine.description, new RegExp(`^28\\.0\\.0, API ${agreed.replace(".", "\\.")}$`));
  });
}

/** A signal that counts who listens to it. */
class CountingSignal extends AbortController {
  listeners = 0;

  constructor() {
    super();
    const { signal } = this;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...args: Parameters<typeof add>) => (this.listeners++, add(...args));
    signal.removeEventListener = (...args: Parameters<typeof remove>) => (this.listeners--, remove(...args));
  }
}

Deno.test("nothing of an answer is held by the connection's signal once it was read, and it ends the read under way", async () => {
  await using fake = await FakeEngine.start();
  const id = fake.run("a1");
  const connection = new CountingSignal();
  const engine = await connectEngine(fake.transport, systemClock, NEVER);
  for (let at = 0; at < 3; at++) await engine.inspect(id, connection.signal);
  assert.equal(connection.listeners, 0);
  fake.answer = () => new Response(new ReadableStream());
  const reading = engine.inspect(id, connection.signal);
  await settled();
  connection.abort(new Error("given up"));
  await assert.rejects(reading, /given up/);
  await assert.rejects(engine.inspect(id, connection.signal), /given up/, "nor is it asked any more");
  engine.close();
});

Deno.test("a letter that two parts of an answer share is read whole", async () => {
  await using fake = await FakeEngine.start();
  const id = fake.run("a1");
  const engine = await connectEngine(fake.transport, systemClock, NEVER);
  fake.answer = () =>
    new Response(ReadableStream.from(
      [...new TextEncoder().encode('{"Name":"/größe"}')].map((byte) => Uint8Array.of(byte)),
    ));
  assert.deepEqual(await engine.inspect(id, NEVER), { Name: "/größe" });
  engine.close();
});

Deno.test("tasks that are those of a mark are not read again, whichever manager gives them", async () => {
  await using fake = await FakeEngine.start();
  await using other = await FakeEngine.start();
  let tasks: unknown = [{ ID: "a" }];
  for (const each of [fake, other]) {
    each.answer = (path) => path === "/tasks" ? Response.json(tasks) : undefined;
  }
  const [engine, second] = [
    await connectEngine(fake.transport, systemClock, NEVER),
    await connectEngine(other.transport, systemClock, NEVER),
  ];
  const first = await engine.tasksUnless(undefined, NEVER);
  assert.deepEqual(first.tasks, [{ ID: "a" }]);
  assert.deepEqual(await engine.tasksUnless(first.mark, NEVER), { mark: first.mark, tasks: undefined });
  assert.deepEqual(await second.tasksUnless(first.mark, NEVER), { mark: first.mark, tasks: undefined });
  tasks = [{ ID: "a" }, { ID: "b" }];
  const changed = await engine.tasksUnless(first.mark, NEVER);
  assert.deepEqual(changed.tasks, tasks);
  assert.notEqual(changed.mark, first.mark);
  for (const each of [engine, second]) each.close();
});

Deno.test("an engine is asked for events that can change the routing, and no others", async () => {
  await using fake = await FakeEngine.start();
  const engine = await connectEngine(fake.transport, systemClock, NEVER);
  const ending = new AbortController();
  const events = await engine.events(ending.signal);
  assert.deepEqual(fake.eventFilters.map((text) => JSON.parse(text)), [
    { type: ["container", "network"], event: ACTIONS },
  ]);
  ending.abort();
  await events.cancel().catch(() => undefined);
  engine.close();
});

Deno.test("an API that is none of Docker's is refused", () => {
  for (const version of ["2.0", "", "1", "v1.41", "1.41/../.."]) {
    assert.throws(() => agreeOnApi(version, undefined), /is not one of Docker's/, version);
  }
});

Deno.test("an engine behind a socket is addressed by a number, since a name would be looked up", async () => {
  await using fake = await FakeEngine.start();
  (await connectEngine(fake.transport, systemClock, NEVER)).close();
  assert.deepEqual([...fake.hosts], ["127.0.0.1"]);
});

Deno.test("nothing but reads is ever sent", async () => {
  await using fake = await FakeEngine.start();
  const modem = new ReadModem(fake.transport, systemClock);
  for (const method of ["POST", "DELETE", "PUT", "HEAD"]) {
    const error = await new Promise((resolve) =>
      modem.dial({ path: "/containers/x/kill", method, statusCodes: { 200: true } }, resolve)
    );
    assert.match(String(error), /which only reads/);
  }
  modem.close();
  assert.deepEqual(fake.requests, []);
});

Deno.test("a container that is gone is no error", async () => {
  await using fake = await FakeEngine.start();
  const engine = await connectEngine(fake.transport, systemClock, NEVER);
  assert.equal(await engine.inspect("a".repeat(64), NEVER), undefined);
  engine.close();
});

Deno.test("a container that ends between list and inspect is not in the snapshot", async () => {
  await using fake = await FakeEngine.start();
  const [gone, stays] = [fake.run("a1"), fake.run("b2")];
  fake.answer = (path) =>
    void (path === "/containers/json" && queueMicrotask(() => fake.containers.delete(gone)));
  const found = await readContainers(fake.transport, systemClock, NEVER) as { Id: string }[];
  assert.deepEqual(found.map((container) => container.Id), [stays]);
});

Deno.test("a reply that never comes is an error at the deadline", async () => {
  await using fake = await FakeEngine.start();
  const engine = await connectEngine(fake.transport, systemClock, NEVER, 1_000);
  const { promise, resolve } = Promise.withResolvers<Response>();
  fake.answer = () => promise;
  await assert.rejects(engine.list(NEVER), /no answer within 1000 ms/);
  engine.close();
  resolve(new Response());
});

Deno.test("a reply that begins and never ends is an error at the deadline", async () => {
  await using fake = await FakeEngine.start();
  const engine = await connectEngine(fake.transport, systemClock, NEVER, 1_000);
  const { promise, resolve } = Promise.withResolvers<void>();
  fake.answer = () =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode('[{"Id":')),
        pull: (controller) => promise.then(() => controller.close()),
      }),
    );
  await assert.rejects(engine.list(NEVER), /no answer within 1000 ms/);
  engine.close();
  resolve();
});

Deno.test("a reply that is cut in its middle is an error", async () => {
  await using fake = await FakeEngine.start();
  const engine = await connectEngine(fake.transport, systemClock, NEVER);
  fake.answer = () => cutAnswer('[{"Id": "a1", "Names"');
  await assert.rejects(engine.list(NEVER), Error);
  engine.close();
});

Deno.test("an abort ends a call that is under way", async () => {
  await using fake = await FakeEngine.start();
  const engine = await connectEngine(fake.transport, systemClock, NEVER);
  const { promise, resolve } = Promise.withResolvers<Response>();
  const ending = new AbortController();
  fake.answer = () => {
    ending.abort(new Error("enough"));
    return promise;
  };
  await assert.rejects(engine.list(ending.signal), /enough/);
  engine.close();
  resolve(new Response());
});

const REFUSALS: [string, Response, RegExp][] = [
  [
    "in Docker's JSON",
    Response.json({ message: "client version 1.41 is too old" }, { status: 400 }),
    /^400 client version 1\.41 is too old$/,
  ],
  ["of a proxy in HTML", new Response("<h1>Forbidden</h1>\n", { status: 403 }), /^403 <h1>Forbidden<\/h1>$/],
  ["without a word", new Response(null, { status: 500 }), /^500/],
  ["that goes on for ever", new Response("x".repeat(100_000), { status: 500 }), /^500 x{300}$/],
  ["as JSON of another shape", Response.json([1], { status: 404 }), /^404 /],
];

for (const [how, response, message] of REFUSALS) {
  Deno.test(`a refusal ${how} is told with its status`, async () => {
    await using fake = await FakeEngine.start();
    fake.answer = () => response;
    const error = await connectEngine(fake.transport, systemClock, NEVER).then(
      () => undefined,
      (error) => error,
    );
    assert.match(error?.message ?? "it was taken", message);
  });
}

Deno.test("an answer that is no JSON is an error", async () => {
  await using fake = await FakeEngine.start();
  fake.answer = () => new Response("<html>");
  await assert.rejects(connectEngine(fake.transport, systemClock, NEVER), SyntaxError);
});

Deno.test("a socket that is not there is told in plain words", async () => {
  await assert.rejects(
    connectEngine({ kind: "unix", path: "/nowhere/docker.sock" }, systemClock, NEVER),
    /No such file or directory/,
  );
});
