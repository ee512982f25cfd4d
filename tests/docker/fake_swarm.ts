/** Managers of one Swarm on fake engines: they say what a test has them say, or fail as real ones do. */
import { systemClock } from "../../lib/clock.ts";
import { DockerSource } from "../../lib/docker/follow/docker_source.ts";
import { SwarmFollower } from "../../lib/docker/follow/swarm_follower.ts";
import { SwarmLink } from "../../lib/docker/follow/swarm_link.ts";
import type { Snapshot } from "../../lib/core/snapshot/snapshot.ts";
import type { Clock } from "../../lib/ports.ts";
import { Witness } from "../harness/events.ts";
import { FakeEngine } from "./fake_engine.ts";
import { enginesOf, followerOf } from "./watch.ts";

/**
 * How a manager answers: as one of a Swarm that is led, that is not (28.5, measured), that hangs, whose own part is not told either
 * (20.10 for 20 s without a leader, measured), or as a mere worker.
 */
export type Mood = "leads" | "has no leader" | "hangs" | "tells no part" | "is a worker";

const whole = (id: string) => id.padEnd(25, "0");

/** A task as a test tells of it. */
export type FakeTask = {
  readonly state?: string;
  readonly desired?: string;
  readonly node?: string;
  readonly port?: number | undefined;
  readonly container?: string;
};

/** One Swarm, whichever of its managers is asked. */
export class FakeSwarm implements AsyncDisposable {
  readonly engines: FakeEngine[] = [];
  readonly #moods = new Map<FakeEngine, Mood>();
  readonly #tasks = new Map<string, unknown>();
  readonly #nodes = new Map<string, unknown>();
  readonly #end = Promise.withResolvers<void>();
  #version = 0;

  /** Starts a Swarm with so many managers. */
  static async start(managers = 1): Promise<FakeSwarm> {
    const swarm = new FakeSwarm();
    for (let at = 0; at < managers; at++) await swarm.join("leads");
    swarm.node("one");
    return swarm;
  }

  /** Adds an engine; its node is called `node0`, `node1` and so on, by its place. */
  async join(mood: Mood): Promise<FakeEngine> {
    const engine = await FakeEngine.start();
    const nodeId = whole(`node${this.engines.length}`);
    this.engines.push(engine);
    this.#moods.set(engine, mood);
    engine.answer = (path) => this.#answer(engine, nodeId, path);
    return engine;
  }

  /** Has a manager answer in another way. */
  mood(at: number, mood: Mood): void {
    const engine = this.engines[at];
    if (engine !== undefined) this.#moods.set(engine, mood);
  }

  node(name: string, state = "ready"): void {
    this.#nodes.set(name, {
      ID: whole(name),
      Version: { Index: ++this.#version },
      Description: { Hostname: name },
      Status: { State: state, Addr: "192.0.2.7" },
    });
  }

  /** Says what a task does; it is one of the service `web`, with the host shop.example.com. */
  task(
    id: string,
    { state = "running", desired = "running", node = "one", port = 32768, container }: FakeTask = {},
  ): void {
    const ports = [{ Protocol: "tcp", TargetPort: 8080, PublishedPort: port, PublishMode: "host" }];
    this.#tasks.set(id, {
      ID: whole(id),
      Version: { Index: ++this.#version },
      CreatedAt: "2026-03-01T10:00:01Z",
      ServiceID: whole("web"),
      NodeID: whole(node),
      Slot: 1,
      DesiredState: desired,
      Spec: { ContainerSpec: { Image: "shop:1" } },
      Status: {
        State: state,
        ContainerStatus: { ContainerID: (container ?? "").padEnd(container === undefined ? 0 : 64, "0") },
        ...(port !== undefined && port > 0 && { PortStatus: { Ports: ports } }),
      },
    });
  }

  /** Forgets a task. */
  forget(id: string): void {
    this.#tasks.delete(id);
  }

  #answer(engine: FakeEngine, nodeId: string, path: string): Response | Promise<Response> | undefined {
    const mood = this.#moods.get(engine);
    if (path === "/info" && mood === "tells no part") return this.#end.promise.then(() => new Response(null));
    if (path === "/info") {
      return Response.json({
        Swarm: {
          NodeID: nodeId,
          LocalNodeState: "active",
          ControlAvailable: mood !== "is a worker",
          Cluster: { ID: "c" },
        },
      });
    }
    if (!["/services", "/tasks", "/nodes"].includes(path)) return undefined;
    if (mood === "hangs") return this.#end.promise.then(() => new Response(null));
    if (mood === "is a worker") {
      return Response.json({ message: "This node is not a swarm manager." }, { status: 503 });
    }
    if (mood === "has no leader") {
      return Response.json({ message: "rpc error: The swarm does not have a leader." }, { status: 500 });
    }
    if (path === "/tasks") return Response.json([...this.#tasks.values()]);
    if (path === "/nodes") return Response.json([...this.#nodes.values()]);
    const labels = { "interlock.hostname": "shop", "interlock.domain": "example.com" };
    return Response.json([{
      ID: whole("web"),
      Version: { Index: 1 },
      CreatedAt: "2026-03-01T10:00:00Z",
      Spec: { Name: "web", Labels: labels, TaskTemplate: { ContainerSpec: { Image: "shop:1" } } },
    }]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.resolve();
    for (const engine of this.engines) await engine[Symbol.asyncDispose]();
  }
}

/** Waits are short, and so is the time that an answer may take. */
const clock: Clock = {
  ...systemClock,
  after: (ms, callback) => systemClock.after(ms >= 5_000 ? 300 : ms, callback),
  sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 20), signal),
};

/** A Swarm that is followed, by its managers alone or by the engines of its nodes too, as the controller does. */
export class SwarmWatch implements AsyncDisposable {
  readonly report = new Witness();
  readonly source: DockerSource;
  snapshot: Snapshot | undefined;
  readonly #ending = new AbortController();
  readonly #end: Promise<void>;
  #pass: Promise<unknown> = Promise.resolve();

  constructor({ engines }: FakeSwarm) {
    const common = {
      clock,
      chance: () => 0,
      interfaces: () => [],
      labelPrefix: undefined,
      report: this.report,
    };
    const links = engines.map((engine, at) =>
      new SwarmLink({
        ...common,
        url: `unix:///fake${at}`,
        openTransport: () => Promise.resolve(engine.transport),
        findIsLocal: () => Promise.resolve(false),
      })
    );
    const followers = engines.map((engine, at) =>
      followerOf(engine, this.report, true, systemClock, undefined, `unix:///fake${at}`)
    );
    const both = followers.flatMap((follower, at) => {
      const link = links[at];
      return link === undefined ? [] : [{ follower, link }];
    });
    const engineSet = enginesOf(both);
    const swarm = new SwarmFollower({ ...common, links: () => engineSet.links });
    this.source = new DockerSource(engineSet, { swarm });
    const { signal } = this.#ending;
    const wake = () => {
      this.#pass = this.#pass.then(() => this.source.observe({ reason: "docker", ids: new Set() }, signal))
        .then(
          (snapshot) => this.snapshot = snapshot,
          () => undefined,
        );
    };
    this.#end = this.source.follow({ wake, draining: () => {}, expect: () => {} }, signal);
  }

  /** Each task's name up to its id, with where it is on its way. */
  get tasks(): string {
    const { containers = [], stopping, leaving, starting } = this.snapshot ?? {};
    return containers.filter(({ task }) => task !== undefined).map(({ id, name, published }) => {
      const phase = stopping?.has(id)
        ? "stopping"
        : leaving?.has(id)
        ? "leaving"
        : starting?.has(id)
        ? "starting"
        : "running";
      return `${name.split(".")[2]?.replace(/0+$/, "")} ${phase} ${published[0]?.hostPort ?? "nowhere"}`;
    }).sort().join(", ");
  }

  /** How the Swarm stands, as `status` tells it. */
  get swarm() {
    return this.source.describe().find(({ kind }) => kind === "swarm");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#end;
    await this.#pass;
  }
}
