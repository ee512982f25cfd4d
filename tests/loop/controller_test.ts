/** The loop: one pass in flight, and what is loaded is what is wanted then. */
import assert from "node:assert/strict";
import { Controller } from "../../lib/loop/controller.ts";
import type { ContainerId } from "../../lib/core/values/names.ts";
import { buildModel } from "../../lib/core/model/build_model.ts";
import { renderDesired } from "../../lib/core/config/render.ts";
import { decodeSnapshot } from "../../lib/docker/file/snapshot_file.ts";
import type { SourceListener, Wake } from "../../lib/ports.ts";
import { openRouting } from "../changes/situation.ts";
import { Witness } from "../harness/events.ts";
import { eventually, settled } from "../harness/eventually.ts";
import { HandClock } from "../harness/hand_clock.ts";
import { MemoryHaproxy } from "../harness/memory_haproxy.ts";

/** A loop in front of an HAProxy to which a new host is a reload, each of which ends when the test says so. */
class Loop {
  readonly clock = new HandClock();
  readonly haproxy = new MemoryHaproxy();
  readonly report = new Witness();
  observed = 0;
  /** What the loop hears of containers that end. */
  draining: SourceListener["draining"] = () => assert.fail("nobody follows");
  /** What the engine waits for before it tells what it has. */
  engine: Promise<void> = Promise.resolve();
  /** What each container says. */
  data: Readonly<Record<string, unknown>> = {};
  #hosts: readonly string[] = [];

  static async run(act: (loop: Loop, controller: Controller) => Promise<void>): Promise<void> {
    const loop = new Loop();
    const { settings, templates } = await openRouting({ "haproxy-version": "2.6" });
    const ending = new AbortController();
    loop.haproxy.capabilities = { canAddServers: false, canAddBackends: false, canSetStates: true };
    loop.haproxy.onLoad = () => undefined;
    const controller = new Controller({
      source: {
        follow: ({ draining }) => {
          loop.draining = draining;
          return Promise.resolve();
        },
        describe: () => [],
        observe: async () => {
          loop.observed++;
          await loop.engine;
          const decoded = decodeSnapshot(
            JSON.stringify(loop.#hosts.map((name) => container(name, loop.data))),
          );
          assert.ok(decoded.ok);
          const { containers } = decoded.value;
          return { containers, stopping: new Set(), starting: new Set() };
        },
      },
      haproxy: loop.haproxy,
      prober: { prove: () => Promise.resolve() },
      clock: loop.clock,
      report: loop.report,
      settle: { quietMs: 10, mostMs: 100 },
      design: {
        build: (snapshot, inUse) => buildModel(snapshot, settings, undefined, inUse),
        render: (model) => renderDesired(model, templates, settings),
      },
    });
    const running = controller.run(ending.signal);
    try {
      await act(loop, controller);
    } finally {
      ending.abort();
      loop.haproxy.loads.forEach(({ end }) => end());
      await running;
    }
  }

  /** These are the hosts from now on, and the loop is woken. */
  want(controller: Controller, ...hosts: readonly string[]): void {
    this.#hosts = hosts;
    const wake: Wake = { reason: "docker", ids: new Set() };
    controller.wake(wake);
  }

  /** Comes back when so many loads were begun, and no more. */
  async begun(count: number): Promise<void> {
    await eventually(() => this.loads.length >= count, { what: `load ${count}`, everyMs: 1 });
    assert.equal(this.loads.length, count);
  }

  /** Comes back when HAProxy has loaded these hosts, the first ones. */
  async serve(controller: Controller, ...hosts: readonly string[]): Promise<void> {
    this.want(controller, ...hosts);
    await this.begun(1);
    this.loads[0]?.end();
    await eventually(() => controller.applier.running !== undefined, {
      what: "the load to end",
      everyMs: 1,
    });
  }

  get loads() {
    return this.haproxy.loads;
  }
}

const container = (name: string, data: object) => ({
  Id: name,
  Name: `/${name}`,
  State: { Status: "running" },
  Config: {
    Hostname: `${name}.example`,
    ExposedPorts: { "80/tcp": {} },
    Env: [`INTERLOCK_DATA=${JSON.stringify(data)}`],
  },
  NetworkSettings: { Networks: { bridge: { IPAddress: "172.17.0.2" } } },
});

Deno.test("while one pass is in flight no other begins, and the next one does what is wanted last", () =>
  Loop.run(async (loop, controller) => {
    loop.want(controller, "a");
    await loop.begun(1);
    const { observed } = loop;
    loop.want(controller, "a", "b");
    loop.want(controller, "c");
    await settled();
    assert.equal(loop.observed, observed, "the pass that is in flight is waited for");
    loop.loads[0]?.end();
    await loop.begun(2);
    assert.deepEqual(loop.loads.map(({ hosts }) => hosts), ["a.example", "c.example"]);
  }));

Deno.test("what was wanted while two reloads were kept apart is not loaded where something newer is wanted", () =>
  Loop.run(async (loop, controller) => {
    loop.want(controller, "a");
    await loop.begun(1);
    loop.clock.pass(40);
    loop.loads[0]?.end();
    await settled();
    for (const hosts of [["b"], ["c"]]) {
      const { observed } = loop;
      loop.want(controller, ...hosts);
      await settled();
      assert.ok(loop.observed > observed);
    }
    assert.equal(loop.loads.length, 1, "the first load took 40 ms: as much passes before the next");
    loop.clock.pass(39);
    await settled();
    assert.equal(loop.loads.length, 1);
    loop.clock.pass(1);
    await loop.begun(2);
    assert.equal(loop.loads[1]?.hosts, "c.example");
    assert.equal(controller.state.reloads, 1);
  }));

for (const what of ["the engine does not answer", "a reload is under way"] as const) {
  Deno.test(`a container that is told to stop is taken out while ${what}`, () =>
    Loop.run(async (loop, controller) => {
      await loop.serve(controller, "a", "b");
      const { promise, resolve } = Promise.withResolvers<void>();
      const { observed } = loop;
      if (what === "a reload is under way") {
        // By then nothing is settled any more.
        loop.clock.pass(1_000);
        controller.reread("SIGHUP");
        await loop.begun(2);
      } else {
        loop.engine = promise;
        loop.want(controller, "a", "b");
        await eventually(() => loop.observed > observed, { what: "a pass that hangs", everyMs: 1 });
      }
      loop.draining(new Set(["a" as ContainerId]));
      await eventually(() => loop.haproxy.worker.server("a.example:a:80").state === "maint", {
        what: "HAProxy to be told",
        everyMs: 1,
      });
      assert.deepEqual(loop.haproxy.sent, ["set server a.example/a.example:a:80 state maint"]);
      resolve();
    }));
}

Deno.test("what waits for its last connections is asked for ever more rarely, and costs no check and no line", () =>
  Loop.run(async (loop, controller) => {
    const { haproxy, clock } = loop;
    haproxy.capabilities = { ...haproxy.capabilities, canAddServers: true };
    await loop.serve(controller, "a", "b");
    haproxy.worker.server("b.example:b:80").isBusy = true;
    loop.want(controller, "a");
    await eventually(() => controller.applier.leaving === 1, { what: "the server to be told to go" });
    /** Lets a minute pass, second by second; answers how often HAProxy was told to delete the server. */
    const deletesInAMinute = async () => {
      haproxy.takeSent();
      for (let second = 0; second < 60; second++) {
        clock.pass(1_000);
        await settled();
      }
      return haproxy.takeSent().filter((line) => line.startsWith("del server")).length;
    };
    await deletesInAMinute();
    const before = [haproxy.checks.length, loop.report.events.length];
    const deletes = await deletesInAMinute();
    assert.ok(deletes > 4 && deletes < 20, `${deletes} times in a minute`);
    assert.deepEqual([haproxy.checks.length, loop.report.events.length], before);
    haproxy.worker.server("b.example:b:80").isBusy = false;
    await deletesInAMinute();
    assert.throws(() => haproxy.worker.server("b.example:b:80"), /there is no server/);
    assert.equal(controller.applier.leaving, 0);
  }));

Deno.test("a worker that starts anew from the files has again what it was told since", () =>
  Loop.run(async (loop, controller) => {
    const { haproxy } = loop;
    haproxy.capabilities = { ...haproxy.capabilities, canAddServers: true };
    await loop.serve(controller, "a");
    loop.want(controller, "a", "b");
    const serving = () => haproxy.worker.tables.get("hosts.map")?.get("b.example/");
    await eventually(() => serving() !== undefined, { what: "the route" });
    assert.equal(loop.loads.length, 1, "it took no reload");
    haproxy.restart();
    await settled();
    assert.equal(serving(), "b.example|,|b.example");
    assert.equal(haproxy.worker.server("b.example:b:80").state, "ready");
    assert.equal(loop.loads.length, 1);
  }));

Deno.test("a container that stops loses its sticky clients when the time that it asked for is over", () =>
  Loop.run(async (loop, controller) => {
    loop.data = { sticky_session_cookie: "SERVER", drain: "20s" };
    await loop.serve(controller, "a");
    const state = () => loop.haproxy.worker.server("a.example:a:80").state;
    const told = new Set(["a" as ContainerId]);
    loop.draining(told, undefined, told);
    loop.want(controller, "a");
    await eventually(() => state() === "drain", { what: "HAProxy to be told", everyMs: 1 });
    await settled();
    loop.clock.pass(19_000);
    await settled();
    assert.equal(state(), "drain");
    loop.clock.pass(1_000);
    await eventually(() => state() === "maint", { what: "the time to be over", everyMs: 1 });
  }));
