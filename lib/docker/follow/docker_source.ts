import { messageOf } from "../../core/values/message_of.ts";
import type { ContainerId } from "../../core/values/names.ts";
import { type ContainerView, type Snapshot, sortContainers } from "../../core/snapshot/snapshot.ts";
import type { SourceStatus } from "../../core/status/source_status.ts";
import { type ContainerSource, SourceError, type SourceListener, type Wake } from "../../ports.ts";
import type { EngineFollower } from "./engine_follower.ts";
import type { SwarmFollower } from "./swarm_follower.ts";

/**
 * Containers of one or several Docker engines, and the tasks of the Swarms that they manage. Those of an engine or a Swarm
 * that does not answer stay as it last told.
 */
export class DockerSource implements ContainerSource {
  #draining: SourceListener["draining"] = () => undefined;

  constructor(readonly followers: readonly EngineFollower[], readonly swarm?: SwarmFollower) {}

  async follow({ wake, draining, expect }: SourceListener, signal: AbortSignal): Promise<void> {
    this.#draining = draining;
    const tell = (news: Wake) => {
      draining(this.#stopping(), news.since, this.#living());
      wake(news);
    };
    await Promise.all([
      this.swarm?.follow(wake, signal),
      ...this.followers.map((follower) => follower.follow(tell, signal, expect)),
    ]);
  }

  describe(): readonly SourceStatus[] {
    return [...this.followers.map((follower) => follower.describe()), ...this.swarm?.describe() ?? []];
  }

  #stopping(): ReadonlySet<ContainerId> {
    const ids = this.followers.flatMap((
      { known: { stopping, stale } },
    ) => [...stopping.keys(), ...stale.ids]);
    return new Set([...this.#known(ids), ...this.swarm?.ending ?? []]);
  }

  /** Those that were told to stop, have not ended, and are where they were. */
  #living(): ReadonlySet<ContainerId> {
    return new Set(this.#known(this.followers.flatMap(({ known: { stopping, stale } }) => {
      const doubtful = new Set(stale.ids);
      return [...stopping.keys()].filter((id) => !stopping.mayReturn(id) && !doubtful.has(id));
    })));
  }

  #known(ids: readonly ContainerId[]): readonly ContainerId[] {
    return ids.length === 0 ? ids : this.swarm?.known(ids) ?? ids;
  }

  async observe(wake: Wake, signal: AbortSignal): Promise<Snapshot> {
    const connected = this.followers.filter((follower) => follower.isConnected);
    const results = await Promise.allSettled(connected.map((follower) =>
      // What a Swarm tells names no container, and may come before the first list.
      follower.refresh(follower.known.areListed ? wake : { reason: wake.reason, isFresh: true }, signal)
    ));
    const failed = results.find((result) => result.status === "rejected");
    if (connected.length === 0) throw new SourceError("no Docker engine answers");
    if (failed !== undefined && results.every((result) => result.status === "rejected")) {
      throw new SourceError(
        `cannot read containers: ${messageOf(failed.reason)}`,
      );
    }
    await this.swarm?.isRead(this.followers);
    const joined = await this.swarm?.join(this.followers, signal);
    const containers: ContainerView[] = joined === undefined
      ? this.followers.flatMap(({ known }) => [...known.containers.values()])
      : [...joined.containers];
    const starting = new Set<ContainerId>(joined?.starting);
    for (const { known } of this.followers) {
      for (const [id, container] of known.starts.containers) {
        // A task is started by its Swarm.
        if (known.containers.has(id) || container.taskId !== undefined) continue;
        containers.push(container);
        starting.add(id);
      }
    }
    const stopping = this.#stopping();
    // A read may show that a container ends, or that it lives on.
    this.#draining(stopping, undefined, this.#living());
    return { containers: sortContainers(containers), stopping, starting, ...leavingOf(joined?.leaving) };
  }
}

const leavingOf = (leaving: ReadonlySet<ContainerId> = new Set()): Pick<Snapshot, "leaving"> =>
  leaving.size === 0 ? {} : { leaving };
