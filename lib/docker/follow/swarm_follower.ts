import type { LabelPrefix } from "../../core/labels/label_parts.ts";
import { type Joined, SwarmJoin } from "../../core/snapshot/join_swarm.ts";
import type { NodeEngine, OwnPlace, Swarm } from "../../core/snapshot/swarm.ts";
import type { SourceStatus } from "../../core/status/source_status.ts";
import type { ContainerId } from "../../core/values/names.ts";
import { type Clock, type Reporter, SourceError, type Wake } from "../../ports.ts";
import { networksOf, type OwnInterface, type SwarmRole } from "../api/read_swarm.ts";
import type { EngineFollower } from "./engine_follower.ts";
import { isDoneWithin } from "./read_limits.ts";
import { SwarmCluster } from "./swarm_cluster.ts";
import type { SwarmLink } from "./swarm_link.ts";

/** How long what the machine said of its interfaces is taken for true, in milliseconds. */
const KEPT_MS = 10_000;

/** How long a pass waits for what an engine says of its Swarm for the first time, in milliseconds; after that it is at hand. */
const ANSWER_LIMIT_MS = 5_000;

/**
 * How long a Swarm's managers are looked for at the start among engines that do not tell their part, in milliseconds: without a
 * leader a manager takes 20 s to tell its own.
 */
const MANAGERS_LIMIT_MS = 30_000;

/** What a SwarmFollower is made of. */
export type SwarmParts = {
  /** One for each engine that is followed now. */
  readonly links: () => readonly SwarmLink[];
  readonly interfaces: () => readonly OwnInterface[];
  readonly labelPrefix: LabelPrefix | undefined;
  readonly clock: Clock;
  readonly report: Reporter;
};

/** Follows the Swarms that engines manage, and joins what they say with what the engines say themselves. */
export class SwarmFollower {
  readonly #clusters = new Map<string, SwarmCluster>();
  readonly #join = new SwarmJoin();
  #poke: (link: SwarmLink) => void = () => undefined;
  #joined: Joined | undefined;
  #place: OwnPlace = { nodeIds: new Set(), networks: [], bridge: new Map() };
  #placeText = "";
  #placeAt = -Infinity;
  /** When the first pass began. */
  #since: number | undefined;
  #isRead = false;
  #wakeAtLimit: () => void = () => undefined;

  constructor(readonly parts: SwarmParts) {}

  /** Follows the Swarms of the links until the signal. */
  async follow(wake: (wake: Wake) => void, signal: AbortSignal): Promise<void> {
    const following: Promise<void>[] = [];
    this.#wakeAtLimit = () =>
      void this.parts.clock.sleep(MANAGERS_LIMIT_MS, signal).then(() =>
        wake({ reason: "docker", ids: new Set() })
      );
    this.#poke = (link) => {
      this.forgetLeft();
      const id = link.role?.cluster;
      if (id === undefined) return wake({ reason: "docker", ids: new Set() });
      const before = this.#clusters.get(id);
      if (before !== undefined) return before.poke();
      const cluster = new SwarmCluster(id, { ...this.parts, wake });
      this.#clusters.set(id, cluster);
      cluster.poke();
      following.push(cluster.follow(signal));
    };
    if (!signal.aborted) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    }
    await Promise.all(following);
  }

  /** Follows an engine's part in its Swarm until the signal. */
  async followLink(link: SwarmLink, signal: AbortSignal): Promise<void> {
    await link.follow(() => this.#poke(link), signal);
  }

  /** Forgets a Swarm that all its engines have left. One that only its managers have left goes on without their word. */
  forgetLeft(): void {
    const roles = this.parts.links().map(({ role }) => role);
    for (const [id, cluster] of this.#clusters) {
      const nodes = new Set(cluster.memory.swarm.nodes.map((node) => node.id));
      const isIn = (role: SwarmRole | undefined) =>
        role === undefined || role.cluster === id || nodes.has(role.nodeId ?? "");
      if (roles.some(isIn)) continue;
      cluster.stop();
      this.#clusters.delete(id);
    }
  }

  /** How each Swarm stands, for status. */
  describe(): readonly SourceStatus[] {
    return [...this.#clusters.values()].map((cluster) => cluster.describe());
  }

  /** Under which ids containers are known, as the last join showed it: those of tasks, and their own where they are none. */
  known(containers: Iterable<ContainerId>): ContainerId[] {
    return [...containers].map((id) => this.#joined?.taskIds.get(id) ?? id);
  }

  /** The tasks that end, or have ended, as the last join showed it. */
  get ending(): ReadonlySet<ContainerId> {
    return this.#joined?.stopping ?? NOBODY;
  }

  /** Waits until each engine that answers has told its part; throws SourceError where a Swarm was never read. */
  async isRead(followers: readonly EngineFollower[]): Promise<void> {
    const { links, clock } = this.parts;
    const connected = new Set(followers.filter((each) => each.isConnected).map(({ parts }) => parts.url));
    const answers = links().filter(({ parts: { url } }) => connected.has(url)).map((link) => link.answered);
    await isDoneWithin(Promise.all(answers), ANSWER_LIMIT_MS, clock);
    const clusters = [...this.#clusters.values()];
    await isDoneWithin(Promise.all(clusters.map((cluster) => cluster.answered)), ANSWER_LIMIT_MS, clock);
    const unread = clusters.find(({ memory }) => !memory.isRead);
    // Without its tasks, all their routes would go.
    if (unread !== undefined) throw new SourceError(`cannot read the Swarm: ${unread.describe().detail}`);
    if (!this.#isRead) this.#expectManagers();
    this.#isRead = true;
  }

  /** Throws where an engine is a node of a Swarm that no manager has told of yet, and another engine may be one. */
  #expectManagers(): void {
    const { links, clock } = this.parts;
    if (this.#since === undefined) this.#wakeAtLimit();
    const since = this.#since ??= clock.now();
    const nodes = new Set(
      [...this.#clusters.values()].flatMap(({ memory }) => memory.swarm.nodes.map(({ id }) => id)),
    );
    const isLone = links().some(({ role }) => role?.nodeId !== undefined && !nodes.has(role.nodeId));
    const silent = links().filter(({ role }) => role === undefined).map(({ parts: { url } }) => url);
    if (!isLone || silent.length === 0 || clock.now() - since >= MANAGERS_LIMIT_MS) return;
    // Its tasks would lose what only their services say.
    throw new SourceError(`waits for the managers of a Swarm: ${silent.join(", ")} may be one`);
  }

  /** Joins what engines and managers say. */
  async join(followers: readonly EngineFollower[], signal: AbortSignal): Promise<Joined> {
    const engines = followers.map((follower) => this.#engineOf(follower));
    await Promise.all(engines.map(({ link, containers }) => {
      const tasks = [...containers.values()].filter(({ taskId }) => taskId !== undefined);
      return link?.lookFor(tasks.map(({ id }) => id), signal);
    }));
    return this.#joined = this.#join.join({ swarm: this.#swarm(), place: this.#whereWeAre(), engines });
  }

  #engineOf(
    { parts: { url }, isConnected, known }: EngineFollower,
  ): NodeEngine & { readonly link: SwarmLink | undefined } {
    const link = this.parts.links().find((each) => each.parts.url === url);
    return {
      link,
      nodeId: link?.role?.nodeId,
      isListening: isConnected && known.areListed,
      containers: known.containers,
      stopping: new Set(known.stopping.keys()),
    };
  }

  #swarm(): Swarm {
    const swarms = [...this.#clusters.values()].map(({ memory }) => memory.swarm);
    const [only, ...others] = swarms;
    if (only !== undefined && others.length === 0) return only;
    return {
      services: swarms.flatMap(({ services }) => services),
      tasks: swarms.flatMap(({ tasks }) => tasks),
      nodes: swarms.flatMap(({ nodes }) => nodes),
    };
  }

  /** The same object as long as nothing of it changes. */
  #whereWeAre(): OwnPlace {
    const { links, clock, interfaces } = this.parts;
    const own = links().filter(({ isLocal, role }) => isLocal && role?.nodeId !== undefined);
    const bridges = own.map(({ bridge }) => [...bridge]);
    const nodeIds = own.flatMap(({ role }) => role?.nodeId ?? []);
    if (clock.now() - this.#placeAt >= KEPT_MS || this.#placeText === "") {
      this.#placeAt = clock.now();
      this.#networks = networksOf(interfaces());
    }
    const text = JSON.stringify([nodeIds, bridges, this.#networks]);
    if (text === this.#placeText) return this.#place;
    this.#placeText = text;
    return this.#place = {
      nodeIds: new Set(nodeIds),
      networks: this.#networks,
      bridge: new Map(bridges.flat()),
    };
  }

  #networks: OwnPlace["networks"] = [];
}

const NOBODY: ReadonlySet<ContainerId> = new Set();
