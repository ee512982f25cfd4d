/** Answers of an engine that come in another order than they were asked for. */
import assert from "node:assert/strict";
import type { ContainerId } from "../../../lib/core/values/names.ts";
import type { Engine } from "../../../lib/docker/api/connect.ts";
import type { EngineConnection } from "../../../lib/docker/follow/engine_connection.ts";
import { EngineEvents } from "../../../lib/docker/follow/hear_events.ts";
import { KnownContainers } from "../../../lib/docker/follow/known_containers.ts";
import { LateContainers } from "../../../lib/docker/follow/late_containers.ts";
import { EngineReads } from "../../../lib/docker/follow/read_engine.ts";
import { StreamRecord } from "../../../lib/docker/follow/stream_record.ts";
import { eventually } from "../../harness/eventually.ts";
import { HandClock } from "../../harness/hand_clock.ts";
import { Witness } from "../../harness/events.ts";
import { FakeEngine } from "../fake_engine.ts";
import { followerOf } from "../watch.ts";

const ID = "a1".padEnd(64, "0") as ContainerId;

/** An engine whose inspects are answered by hand, in any order. */
class Scene {
  readonly known: KnownContainers;
  readonly #answers: ((json: unknown) => void)[] = [];
  readonly #connection: EngineConnection;

  constructor(readonly fake: FakeEngine) {
    const { parts } = followerOf(fake, new Witness(), true, new HandClock());
    this.known = new KnownContainers(parts, () => undefined);
    const inspect = () => new Promise<unknown>((resolve) => void this.#answers.push(resolve));
    const engine = { inspect } as Partial<Engine> as Engine;
    this.#connection = { engine, signal: new AbortController().signal, abort: () => assert.fail("it stays") };
  }

  static async with(act: (scene: Scene) => Promise<void>): Promise<void> {
    await using fake = await FakeEngine.start();
    fake.run("a1");
    await act(new Scene(fake));
  }

  /** Asks for the container; the answer that it gets is given later, with an address. Ends once that was taken. */
  async ask(): Promise<(address: string) => Promise<void>> {
    const late = new LateContainers("", new Witness());
    const parts = { known: this.known, late, stream: new StreamRecord(), onListed: () => undefined };
    const count = this.#answers.length + 1;
    const reading = new EngineReads(this.#connection, parts).some([ID]);
    await eventually(() => this.#answers.length === count, { what: "the question" });
    return async (address) => {
      const NetworkSettings = { Ports: {}, Networks: { bridge: { IPAddress: address } } };
      this.#answers[count - 1]?.({ ...this.fake.containers.get(ID), NetworkSettings });
      await reading;
    };
  }

  async hear(Action: string): Promise<void> {
    const event = { Type: "container", Action, Actor: { ID, Attributes: {} } };
    const bytes = new Blob([`${JSON.stringify(event)}\n`]).stream();
    const parts = { known: this.known, stream: new StreamRecord(), expect: () => undefined };
    await new EngineEvents(this.#connection, parts).hear(bytes);
  }

  get address(): string | undefined {
    return this.known.containers.get(ID)?.networks[0]?.ipv4;
  }
}

Deno.test("of two answers the one that was asked for later holds, in whatever order they come", () =>
  Scene.with(async (scene) => {
    const [first, second] = [await scene.ask(), await scene.ask()];
    await second("172.17.0.9");
    await first("172.17.0.2");
    assert.equal(scene.address, "172.17.0.9");
    const [third, fourth] = [await scene.ask(), await scene.ask()];
    await third("172.17.0.3");
    assert.equal(scene.address, "172.17.0.3");
    await fourth("172.17.0.4");
    assert.equal(scene.address, "172.17.0.4");
  }));

Deno.test("a container that was removed is not brought back by an answer that was asked for before", () =>
  Scene.with(async (scene) => {
    const before = await scene.ask();
    await scene.hear("destroy");
    await before("172.17.0.2");
    assert.equal(scene.address, undefined);
    const after = await scene.ask();
    await after("172.17.0.2");
    assert.equal(scene.address, "172.17.0.2");
  }));
