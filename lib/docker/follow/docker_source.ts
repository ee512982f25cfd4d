import { SortedMemory } from "../../core/values/sorted_memory.ts";
import { messageOf } from "../../core/values/message_of.ts";
import type { ContainerId } from "../../core/values/names.ts";
import { byId, type ContainerView, type Snapshot } from "../../core/snapshot/snapshot.ts";
import type { SourceStatus } from "../../core/status/source_status.ts";
import { type ContainerSource, SourceError, type SourceListener, type Wake } from "../../ports.ts";
import type { EngineFollower } from "./engine_follower.ts";
import type { FollowedEngine, FollowedEngines } from "./followed_engines.ts";
import type { SwarmFollower } from "./swarm_follower.ts";
import type { WatchedHosts } from "./watched_hosts.ts";

/**
 * Containers of one or several Docker engines, and the tasks of the Swarms that they manage. Those of an engine or a Swarm
 * that does not answer stay as it last told; those of an engine that is followed no more go.
 */
export class DockerSource implements ContainerSource {
  #draining: SourceListener["draining"] = () => undefined;
  readonly #sorted = new SortedMemory<ContainerView>(byId);
  /** Whether a snapshot was whole once. */
  #isWhole = false;

  constructor(
    readonly engines: FollowedEngines,
    readonly parts: { readonly swarm?: SwarmFollower; readonly file?: WatchedHosts } = {},
  ) {}

  async follow({ wake, draining, expect }: SourceListener, signal: AbortSignal): Promise<void> {
    const { swarm, file } = this.parts;
    this.#draining = draining;
    const tell = (news: Wake) => {
      draining(this.#stopping(), news.since, this.#living());
      wake(news);
    };
    const begin = ({ follower, link }: FollowedEngine, signal: AbortSignal) =>
      Promise.all([
        link && swarm?.followLink(link, signal),
        follower.follow(tell, signal, expect),
      ]);
    await Promise.all([
      swarm?.follow(wake, signal),
      this.engines.follow(begin, wake, signal),
      file?.follow(wake, signal),
    ]);
  }

  describe(): readonly SourceStatus[] {
    const { swarm, file } = this.parts;
    return [...this.engines.describe(), ...swarm?.describe() ?? [], ...file?.describe() ?? []];
  }

  #stopping(): ReadonlySet<ContainerId> {
    const ids = this.engines.followers.flatMap((
      { known: { stopping, stale } },
    ) => [...stopping.keys(), ...stale.ids]);
    return new Set([...this.#known(ids), ...this.parts.swarm?.ending ?? []]);
  }

  /** Those that were told to stop, have not ended, and are where they were. */
  #living(): ReadonlySet<ContainerId> {
    return new Set(this.#known(this.engines.followers.flatMap(({ known: { stopping, stale } }) => {
      const doubtful = new Set(stale.ids);
      return [...stopping.keys()].filter((id) => !stopping.mayReturn(id) && !doubtful.has(id));
    })));
  }

  #known(ids: readonly ContainerId[]): readonly ContainerId[] {
    return ids.length === 0 ? ids : this.parts.swarm?.known(ids) ?? ids;
  }

  async observe(wake: Wake, signal: AbortSignal): Promise<Snapshot> {
    const { swarm, file } = this.parts;
    await file?.read(this.engines, wake);
    await this.#refresh(wake, signal);
    const [first, ...more] = this.engines.unheard;
    // What they have may be served already, by the signalbox before: it would go, and come back with their first word.
    if (first !== undefined && !this.#isWhole) {
      throw new SourceError(`waits for the first word of ${[first, ...more].join(", ")}`);
    }
    if (this.engines.letGo()) swarm?.forgetLeft();
    this.#isWhole = true;
    const { followers } = this.engines;
    await swarm?.isRead(followers);
    const snapshot = await this.#join(followers, signal);
    // A read may show that a container ends, or that it lives on.
    this.#draining(snapshot.stopping, undefined, this.#living());
    return file === undefined ? snapshot : { ...snapshot, notices: file.notices };
  }

  /** Has each engine that answers read what the wake names; throws where there is nothing to go on with. */
  async #refresh(wake: Wake, signal: AbortSignal): Promise<void> {
    const { followers } = this.engines;
    const connected = followers.filter((follower) => follower.isConnected);
    const results = await Promise.allSettled(connected.map((follower) =>
      // What a Swarm tells names no container, and may come before the first list.
      follower.refresh(follower.known.areListed ? wake : { reason: wake.reason, isFresh: true }, signal)
    ));
    // What each told last stands, less the engines that have gone.
    if (connected.length === 0 && followers.every(({ known }) => known.areListed)) return;
    if (connected.length === 0) throw new SourceError("no Docker engine answers");
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined && results.every((result) => result.status === "rejected")) {
      throw new SourceError(
        `cannot read containers: ${messageOf(failed.reason)}`,
      );
    }
  }

  async #join(followers: readonly EngineFollower[], signal: AbortSignal): Promise<Snapshot> {
    const joined = await this.parts.swarm?.join(followers, signal);
    const containers: ContainerView[] = joined === undefined
      ? followers.flatMap(({ known }) => [...known.containers.values()])
      : [...joined.containers];
    const starting = new Set<ContainerId>(joined?.starting);
    for (const { known } of followers) {
      for (const [id, container] of known.starts.containers) {
        // A task is started by its Swarm.
        if (known.containers.has(id) || container.taskId !== undefined) continue;
        containers.push(container);
        starting.add(id);
      }
    }
    const stopping = this.#stopping();
    // One engine names each once. Of several that name one, the first engine's counts: no later one takes its place.
    const each = followers.length === 1
      ? containers
      : [...new Map(containers.toReversed().map((one) => [one.id, one])).values()];
    const { nodes = [], leaving } = joined ?? {};
    return {
      containers: this.#sorted.sort(each),
      stopping,
      starting,
      ...leavingOf(leaving),
      ...nodes.length > 0 && { nodes },
    };
  }
}

const leavingOf = (leaving: ReadonlySet<ContainerId> = new Set()): Pick<Snapshot, "leaving"> =>
  leaving.size === 0 ? {} : { leaving };
