/** Containers that may have moved: whoever has their old address now must not get their requests. */
import assert from "node:assert/strict";
import { eventually } from "../../harness/eventually.ts";
import { FakeEngine } from "../fake_engine.ts";
import { Watch } from "../watch.ts";

const OLD = "172.17.0.2";
const NEW = "172.17.0.99";

/** An engine whose inspects wait until they are let go, and a container that it has told of. */
class Scene implements AsyncDisposable {
  readonly id: string;
  #letGo = Promise.withResolvers<void>();

  private constructor(readonly fake: FakeEngine, readonly watch: Watch) {
    this.id = fake.run("a1");
  }

  static async open(): Promise<Scene> {
    const fake = await FakeEngine.start();
    const scene = new Scene(fake, new Watch(fake));
    await scene.watch.sees("ca1");
    return scene;
  }

  hold(): void {
    this.#letGo = Promise.withResolvers<void>();
    const { promise } = this.#letGo;
    this.fake.answer = (path) => {
      if (!path.endsWith(`${this.id}/json`)) return undefined;
      const now = JSON.stringify(this.fake.containers.get(this.id));
      return promise.then(() => new Response(now, { headers: { "content-type": "application/json" } }));
    };
  }

  letGo(): void {
    this.fake.answer = () => undefined;
    this.#letGo.resolve();
  }

  move(startedAt: string): void {
    Object.assign(this.fake.containers.get(this.id) ?? {}, {
      State: { Status: "running", Running: true, StartedAt: startedAt },
      NetworkSettings: { Ports: {}, Networks: { bridge: { IPAddress: NEW } } },
    });
  }

  /** Where it would get traffic; undefined while it gets none. */
  get address(): string | undefined {
    const [container] = this.watch.snapshot?.containers ?? [];
    const isHeld = container === undefined || this.watch.stopping.includes(container.id);
    return isHeld ? undefined : container.networks[0]?.ipv4;
  }

  async isAt(address: string | undefined): Promise<void> {
    await eventually(() => this.address === address, { what: `traffic at ${address}` });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.letGo();
    await this.watch[Symbol.asyncDispose]();
    await this.fake[Symbol.asyncDispose]();
  }
}

/** What happens to a container that then has another address, event by event. */
const MOVES: Readonly<Record<string, (scene: Scene) => void>> = {
  "that dies and is started again": ({ fake, id }) => {
    fake.tell("die", id, { signal: "9" });
    fake.tell("start", id);
  },
  "whose network is disconnected": ({ fake, id }) => {
    const actor = { ID: "f".repeat(64), Attributes: { container: id, name: "bridge" } };
    fake.send(`${JSON.stringify({ Type: "network", Action: "disconnect", Actor: actor })}\n`);
  },
};

for (const [how, act] of Object.entries(MOVES)) {
  Deno.test(`a container ${how} gets nothing at its old address while the engine is slow to tell`, async () => {
    await using scene = await Scene.open();
    await scene.isAt(OLD);
    scene.hold();
    scene.move("2024-05-01T11:00:00Z");
    act(scene);
    await scene.isAt(undefined);
    const seen: (string | undefined)[] = [];
    // Passes go on without the answer, as those for other containers do.
    for (const other of ["b2", "c3", "d4"]) {
      scene.fake.tell("start", scene.fake.run(other));
      await eventually(() => scene.watch.names.includes(`c${other}`), { what: `a pass with c${other}` });
      seen.push(scene.address);
    }
    assert.deepEqual(seen, [undefined, undefined, undefined]);
    scene.letGo();
    await scene.isAt(NEW);
  });
}

Deno.test("an answer that was asked for before the container moved does not end the doubt", async () => {
  await using scene = await Scene.open();
  scene.hold();
  // The old address is in this answer, which is late.
  scene.fake.tell("rename", scene.id);
  await eventually(
    () => scene.fake.requests.filter((each) => each.endsWith(`${scene.id}/json`)).length === 2,
    {
      what: "the question",
    },
  );
  scene.move("2024-05-01T10:00:01Z");
  const actor = { ID: "f".repeat(64), Attributes: { container: scene.id, name: "bridge" } };
  scene.fake.send(`${JSON.stringify({ Type: "network", Action: "disconnect", Actor: actor })}\n`);
  await scene.isAt(undefined);
  scene.letGo();
  await eventually(() => {
    assert.notEqual(scene.address, OLD);
    return scene.address === NEW;
  }, { what: "traffic at the new address" });
});

Deno.test("a container that lives on after a signal is read again before it gets traffic", async () => {
  await using scene = await Scene.open();
  await scene.isAt(OLD);
  scene.hold();
  scene.move("2024-05-01T10:00:01Z");
  scene.fake.tell("kill", scene.id, { signal: "15" });
  await scene.isAt(undefined);
  const other = scene.fake.run("b2");
  scene.fake.tell("start", other);
  await scene.watch.sees("ca1", "cb2");
  scene.watch.letPass(61_000);
  // Each signal is followed by a look at who has lived on.
  scene.fake.tell("kill", other, { signal: "15" });
  await eventually(() => scene.watch.report.of("container-survived").length > 0, {
    what: "the end of the minute",
  });
  assert.equal(scene.address, undefined);
  scene.letGo();
  await scene.isAt(NEW);
});

Deno.test("a container that ends while its engine is away gets nothing until the engine tells of it", async () => {
  await using fake = await FakeEngine.start();
  const id = fake.run("a1");
  const gone = Promise.withResolvers<boolean>();
  const watched: string[] = [];
  await using watch = new Watch(fake, true, (container) => {
    watched.push(container.name);
    return gone.promise;
  });
  await watch.sees("ca1");
  assert.deepEqual(watched, []);
  // As one that crashed: it is there again soon, and answers nothing for a while.
  const back = Promise.withResolvers<void>();
  fake.answer = (path) =>
    path === "/version" ? back.promise.then(() => new Response("", { status: 500 })) : undefined;
  fake.cut();
  await eventually(() => watched.length > 0, { what: "the vigil" });
  assert.deepEqual(watch.stopping, []);
  gone.resolve(true);
  await eventually(() => watch.stopping.includes(id), { what: "the doubt" });
  fake.answer = () => undefined;
  back.resolve();
  await eventually(() => watch.stopping.length === 0, { what: "the engine's word" });
  assert.deepEqual([watch.names, watched], [["ca1"], ["ca1"]]);
});
