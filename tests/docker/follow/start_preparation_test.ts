/** What is done for a container while its engine still starts it. */
import assert from "node:assert/strict";
import type { ContainerView } from "../../../lib/core/snapshot/snapshot.ts";
import { eventually } from "../../harness/eventually.ts";
import { FakeEngine } from "../fake_engine.ts";
import { tellConnected, Watch } from "../watch.ts";

const CREATED = { Status: "created", Running: false, StartedAt: "0001-01-01T00:00:00Z" };
const CONNECTED_AT = Date.parse("2024-05-01T10:00:00.500Z");
const STARTED_AT = new Date(CONNECTED_AT + 200).toISOString();

/** A container's start on an engine that keeps inspects waiting meanwhile, as Docker does. */
class Start implements AsyncDisposable {
  readonly watch: Watch;
  readonly id: string;
  #inspect = Promise.withResolvers<Response>();
  #isStarting = false;

  constructor(readonly fake: FakeEngine, config: Record<string, unknown> = {}, isReachedDirectly = true) {
    this.watch = new Watch(fake, isReachedDirectly);
    this.id = fake.run("a1", config);
    this.is(CREATED, "");
    fake.answer = (path) => {
      if (path.startsWith("/networks/")) return this.network();
      return this.#isStarting && path.startsWith("/containers/a1") ? this.#inspect.promise : undefined;
    };
  }

  /** What the engine says of the network. */
  network = (): Response =>
    Response.json({
      Name: "bridge",
      Containers: { [this.id]: { IPv4Address: "172.17.0.9/16", IPv6Address: "" } },
    });

  /** What the engine says of the container, when it says something. */
  is(state: Record<string, unknown>, address: string): void {
    const NetworkSettings = { Ports: {}, Networks: { bridge: { IPAddress: address } } };
    Object.assign(this.fake.containers.get(this.id) ?? {}, { State: state, NetworkSettings });
  }

  asked(): number {
    return this.fake.requests.filter((request) => request.includes("/containers/a1")).length;
  }

  /** It is created, and its network gives it an address. */
  async begin(): Promise<void> {
    await eventually(() => this.fake.followers === 1 && this.watch.snapshot !== undefined, {
      what: "a follower",
    });
    this.fake.tell("create", this.id);
    await eventually(() => this.asked() === 1, { what: "the created container to be read" });
    // What was read of it comes before what comes next.
    this.fake.tell("start", this.fake.run("b2"));
    await this.watch.sees("cb2");
    this.connect(CONNECTED_AT);
  }

  /** As begin, until it is told of. */
  async beginKnown(): Promise<void> {
    await this.begin();
    await eventually(() => this.isStarting, { what: "the container to be told of" });
  }

  /** Its network gives it an address; from now on the engine keeps inspects waiting. */
  connect(at: number): void {
    this.#isStarting = true;
    this.#inspect = Promise.withResolvers();
    tellConnected(this.fake, this.id, at);
  }

  /** The engine answers the inspect that it kept waiting. */
  answer(state: Record<string, unknown>, address = "172.17.0.9"): void {
    this.is(state, address);
    this.#isStarting = false;
    this.#inspect.resolve(Response.json(this.fake.containers.get(this.id)));
  }

  get view(): ContainerView | undefined {
    return this.watch.snapshot?.containers.find(({ id }) => id === this.id);
  }

  get isStarting(): boolean {
    return [...this.watch.snapshot?.starting ?? []].some((id) => id === this.id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.watch[Symbol.asyncDispose]();
    this.#inspect.resolve(new Response(null, { status: 404 }));
  }
}

const RUNNING = { Status: "running", Running: true, StartedAt: STARTED_AT };

Deno.test("a container is told of before its start, with the address that its network gave it", async () => {
  await using fake = await FakeEngine.start();
  await using start = new Start(fake);
  await start.beginKnown();
  assert.equal(start.view?.networks[0]?.ipv4, "172.17.0.9");
  assert.equal(start.view?.status, "created");
});

Deno.test("a container that was made ready for runs at its start event, before the engine answers the inspect", async () => {
  await using fake = await FakeEngine.start();
  await using start = new Start(fake);
  await start.beginKnown();
  fake.tell("start", start.id);
  await eventually(() => start.view?.status === "running", { what: "the container to run" });
  assert.equal(start.isStarting, false);
  assert.equal(start.view?.startedAt, "");
  start.answer(RUNNING);
  await eventually(() => start.view?.startedAt === STARTED_AT, { what: "the inspect" });
  assert.equal(start.asked(), 2);
});

Deno.test("what the inspect tells after a start counts, where something else was made ready for", async () => {
  await using fake = await FakeEngine.start();
  await using start = new Start(fake);
  await start.beginKnown();
  fake.tell("start", start.id);
  start.answer(RUNNING, "172.17.0.77");
  await eventually(() => start.view?.networks[0]?.ipv4 === "172.17.0.77", { what: "the other address" });
});

Deno.test("a container whose start fails is told of no more", async () => {
  await using fake = await FakeEngine.start();
  await using start = new Start(fake);
  await start.beginKnown();
  start.answer(CREATED, "");
  await eventually(() => start.view === undefined, { what: "the container to be gone" });
  assert.equal(start.isStarting, false);
});

Deno.test("a container that ended is made ready for when it is started again", async () => {
  await using fake = await FakeEngine.start();
  await using start = new Start(fake);
  await start.begin();
  fake.tell("start", start.id);
  start.answer(RUNNING);
  await eventually(() => start.view?.startedAt === STARTED_AT, { what: "the first start" });
  start.is({ Status: "exited", Running: false, StartedAt: STARTED_AT }, "");
  fake.tell("die", start.id);
  await eventually(() => start.view === undefined, { what: "the end" });
  start.connect(CONNECTED_AT + 5_000);
  await eventually(() => start.isStarting, { what: "the second start" });
  assert.equal(start.view?.networks[0]?.ipv4, "172.17.0.9");
  assert.equal(start.view?.startedAt, "");
});

Deno.test("a container with a health check has none of it behind it when it starts", async () => {
  await using fake = await FakeEngine.start();
  await using start = new Start(fake, { Healthcheck: { Test: ["CMD", "true"] } });
  await start.beginKnown();
  assert.equal(start.view?.health, "starting");
});

for (
  const [how, response] of [
    ["is refused", () => new Response("no", { status: 403 })],
    ["does not name the container", () => Response.json({ Name: "bridge", Containers: {} })],
    ["makes no sense", () => Response.json([1])],
  ] as const
) {
  Deno.test(`where what is asked of a network ${how}, a start is read by its inspect`, async () => {
    await using fake = await FakeEngine.start();
    await using start = new Start(fake);
    start.network = response;
    await start.begin();
    await eventually(() => fake.requests.some((request) => request.includes("/networks/")), {
      what: "the question",
    });
    fake.tell("start", start.id);
    start.answer(RUNNING);
    await eventually(() => start.view?.startedAt === STARTED_AT, { what: "the container to run" });
    assert.deepEqual(start.watch.report.lines.filter((line) => !/^(info|debug)/.test(line)), []);
  });
}

Deno.test("where containers are reached by published ports, a start is read by its inspect", async () => {
  await using fake = await FakeEngine.start();
  await using start = new Start(fake, {}, false);
  await start.begin();
  fake.tell("start", start.id);
  await eventually(() => start.asked() === 2, { what: "the inspect" });
  assert.equal(start.view, undefined);
  start.answer(RUNNING);
  await eventually(() => start.view?.startedAt === STARTED_AT, { what: "the container to run" });
  assert.deepEqual(fake.requests.filter((request) => request.includes("/networks/")), []);
});

for (
  const [what, change] of [
    ["has several ports", (json: Record<string, unknown>) => {
      Object.assign(json["Config"] as object, { ExposedPorts: { "22/tcp": {}, "80/tcp": {} } });
    }],
    ["publishes a port that its image does not name", (json: Record<string, unknown>) => {
      json["HostConfig"] = { NetworkMode: "bridge", PortBindings: { "9000/tcp": [{ HostPort: "8080" }] } };
    }],
    ["is on several networks", (json: Record<string, unknown>) => {
      json["NetworkSettings"] = { Networks: { bridge: { IPAddress: "" }, other: { IPAddress: "" } } };
    }],
    ["is on another network than it was", (json: Record<string, unknown>) => {
      json["NetworkSettings"] = { Networks: { other: { IPAddress: "" } } };
    }],
  ] as const
) {
  Deno.test(`a container that ${what} is read by its inspect, since not all of it is known before`, async () => {
    await using fake = await FakeEngine.start();
    await using start = new Start(fake);
    change(fake.containers.get(start.id) ?? {});
    await start.begin();
    fake.tell("start", start.id);
    // A later container has gone all the way, and this one is not told of yet.
    fake.tell("start", fake.run("c3"));
    await eventually(() => start.watch.names.includes("cc3"), { what: "the later container" });
    assert.equal(start.view, undefined);
    start.answer(RUNNING);
    await eventually(() => start.view?.startedAt === STARTED_AT, { what: "the container to run" });
  });
}

Deno.test("an answer that is older than the start, and comes after it, loses no container", async () => {
  await using fake = await FakeEngine.start();
  await using start = new Start(fake);
  await start.beginKnown();
  const answer = fake.answer;
  const old = Promise.withResolvers<Response>();
  fake.answer = (path) => path.startsWith("/containers/a1") ? old.promise : answer(path);
  fake.tell("rename", start.id);
  await eventually(() => start.asked() === 3, { what: "the question of the rename" });
  fake.answer = answer;
  fake.tell("start", start.id);
  await eventually(() => start.view?.status === "running", { what: "the container to run" });
  old.resolve(Response.json({ ...fake.containers.get(start.id), State: CREATED }));
  // A later container has gone all the way.
  fake.tell("start", fake.run("c3"));
  await eventually(() => start.watch.names.includes("cc3"), { what: "the later container" });
  assert.equal(start.view?.status, "running");
  start.answer(RUNNING);
  await eventually(() => start.view?.startedAt === STARTED_AT, { what: "the container to be read" });
});
