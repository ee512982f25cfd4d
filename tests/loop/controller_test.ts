/** The loop: one pass in flight, and what is loaded is what is wanted then. */
import assert from "node:assert/strict";
import { Controller } from "../../lib/loop/controller.ts";
import type { ContainerId } from "../../lib/core/values/names.ts";
import { buildModel } from "../../lib/core/model/build_model.ts";
import { renderDesired } from "../../lib/core/config/render.ts";
import { decodeSnapshot } from "../../lib/docker/file/snapshot_file.ts";
import type { HaproxyControl, Outcome, SourceListener, Wake } from "../../lib/ports.ts";
import { openRouting } from "../changes/situation.ts";
import { Witness } from "../harness/events.ts";
import { eventually } from "../harness/eventually.ts";
import { HandClock } from "../harness/hand_clock.ts";

/** A loop in front of an HAProxy to which every change is a reload, each of which ends when the test says so. */
class Loop {
  readonly clock = new HandClock();
  /** The hosts of each load, and how to end it. */
  readonly loads: { readonly hosts: string; readonly end: () => void }[] = [];
  observed = 0;
  checks = 0;
  readonly report = new Witness();
  /** What HAProxy was sent. */
  readonly sent: string[] = [];
  /** What the loop hears of containers that end. */
  draining: SourceListener["draining"] = () => assert.fail("nobody follows");
  /** What the engine waits for before it tells what it has. */
  engine: Promise<void> = Promise.resolve();
  #hosts: readonly string[] = [];

  constructor(readonly takesCommands: boolean) {}

  static async run(
    act: (loop: Loop, controller: Controller) => Promise<void>,
    takesCommands = false,
  ): Promise<void> {
    const loop = new Loop(takesCommands);
    const { settings, templates } = await openRouting({ "haproxy-version": "2.6" });
    const ending = new AbortController();
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
          const decoded = decodeSnapshot(JSON.stringify(loop.#hosts.map(container)));
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
      loop.loads.forEach(({ end }) => end());
      await running;
    }
  }

  /** These are the hosts from now on, and the loop is woken. */
  want(controller: Controller, ...hosts: readonly string[]): void {
    this.#hosts = hosts;
    const wake: Wake = { reason: "docker", ids: new Set() };
    controller.wake(wake);
  }

  /** Comes back when so many loads were begun. */
  async begun(count: number): Promise<void> {
    await eventually(() => this.loads.length >= count, { what: `load ${count}`, everyMs: 1 });
    assert.equal(this.loads.length, count);
  }

  /** Comes back when a pass was made of what was wanted last. */
  async passed(observed: number): Promise<void> {
    await eventually(() => this.observed > observed, { what: "a pass", everyMs: 1 });
    // What follows an observation is done within turns of the loop, without any clock.
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  }

  get haproxy(): HaproxyControl {
    const load = (desired: Parameters<HaproxyControl["load"]>[0]) => {
      const { promise, resolve } = Promise.withResolvers<Outcome>();
      const hosts = desired.model.backends.map(({ host }) => host).join(" ");
      this.loads.push({ hosts, end: () => resolve({ kind: "applied" }) });
      return promise;
    };
    return {
      load,
      follow: () => undefined,
      check: () => {
        this.checks++;
        return Promise.resolve({ kind: "applied" });
      },
      startLast: () => Promise.resolve(false),
      capabilities: { canAddServers: false, canAddBackends: false, canSetStates: this.takesCommands },
      keep: () => Promise.resolve({ kind: "applied" }),
      keepStates: () => Promise.resolve(),
      send: (lines: readonly string[]) => {
        this.sent.push(...lines);
        return Promise.resolve(lines.map(() => ""));
      },
      reportServers: () => Promise.resolve([]),
      survey: () => Promise.resolve(undefined),
      findRemains: () => Promise.resolve(undefined),
      expectCommands: () => undefined,
    } as unknown as HaproxyControl;
  }
}

const container = (name: string) => ({
  Id: name,
  Name: `/${name}`,
  State: { Status: "running" },
  Config: { Hostname: `${name}.example`, ExposedPorts: { "80/tcp": {} } },
  NetworkSettings: { Networks: { bridge: { IPAddress: "172.17.0.2" } } },
});

Deno.test("while one pass is in flight no other begins, and the next one does what is wanted last", () =>
  Loop.run(async (loop, controller) => {
    loop.want(controller, "a");
    await loop.begun(1);
    const { observed } = loop;
    loop.want(controller, "a", "b");
    loop.want(controller, "c");
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
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
    await eventually(() => !controller.applier.loader.request.isLoading, {
      what: "the load to end",
      everyMs: 1,
    });
    for (const hosts of [["b"], ["c"]]) {
      const { observed } = loop;
      loop.want(controller, ...hosts);
      await loop.passed(observed);
    }
    assert.equal(loop.loads.length, 1, "the first load took 40 ms: as much passes before the next");
    loop.clock.pass(39);
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    assert.equal(loop.loads.length, 1);
    loop.clock.pass(1);
    await loop.begun(2);
    assert.equal(loop.loads[1]?.hosts, "c.example");
    assert.equal(controller.state.reloads, 1);
  }));

for (const what of ["the engine does not answer", "a reload is under way"] as const) {
  Deno.test(`a container that is told to stop is taken out while ${what}`, () =>
    Loop.run(async (loop, controller) => {
      loop.want(controller, "a", "b");
      await loop.begun(1);
      loop.loads[0]?.end();
      await eventually(() => controller.applier.running !== undefined, {
        what: "the load to end",
        everyMs: 1,
      });
      const { promise, resolve } = Promise.withResolvers<void>();
      const { observed } = loop;
      if (what === "a reload is under way") {
        // By then nothing is settled any more.
        loop.clock.pass(1_000);
        controller.reread();
        await loop.begun(2);
      } else {
        loop.engine = promise;
        loop.want(controller, "a", "b");
        await eventually(() => loop.observed > observed, { what: "a pass that hangs", everyMs: 1 });
      }
      loop.draining(new Set(["a" as ContainerId]));
      await eventually(() => loop.sent.length > 0, { what: "HAProxy to be told", everyMs: 1 });
      assert.deepEqual(loop.sent, ["set server a.example/a.example:a:80 state maint"]);
      resolve();
    }, true));
}

Deno.test("what waits for its last connections is asked for ever more rarely, and costs no check and no line", () =>
  Loop.run(async (loop, controller) => {
    loop.want(controller, "a");
    await loop.begun(1);
    loop.loads[0]?.end();
    await eventually(() => controller.applier.running !== undefined, { what: "the load to end", everyMs: 1 });
    const asked: number[] = [];
    controller.applier.apply = () => {
      asked.push(loop.clock.now());
      return Promise.resolve({
        plan: { kind: "runtime", operations: [] },
        outcome: { kind: "applied" },
        isWaiting: true,
      });
    };
    Object.defineProperty(controller.applier, "leaving", { value: 1 });
    loop.want(controller, "a");
    for (let second = 0; second < 60; second++) {
      for (let turn = 0; turn < 50; turn++) await Promise.resolve();
      loop.clock.pass(1_000);
    }
    // The audit asks too, every ten seconds.
    assert.ok(asked.length > 6 && asked.length < 20, `${asked.length} times in a minute`);
    assert.equal(loop.checks, 0);
    assert.deepEqual(loop.report.of("changed"), []);
  }, true));
