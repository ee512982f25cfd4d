import { messageOf } from "../../core/values/message_of.ts";
import type { ContainerId } from "../../core/values/names.ts";
import { type ContainerView, type Snapshot, sortContainers } from "../../core/snapshot/snapshot.ts";
import type { SourceStatus } from "../../core/status/source_status.ts";
import { type ContainerSource, SourceError, type SourceListener, type Wake } from "../../ports.ts";
import type { EngineFollower } from "./engine_follower.ts";

/** Containers of one or several Docker engines. Those of an engine that does not answer stay as it last told. */
export class DockerSource implements ContainerSource {
  readonly #followers: readonly EngineFollower[];
  #draining: SourceListener["draining"] = () => undefined;

  constructor(followers: readonly EngineFollower[]) {
    this.#followers = followers;
  }

  async follow({ wake, draining, expect }: SourceListener, signal: AbortSignal): Promise<void> {
    this.#draining = draining;
    const tell = (news: Wake) => {
      draining(this.#stopping(), news.since, this.#living());
      wake(news);
    };
    await Promise.all(this.#followers.map((follower) => follower.follow(tell, signal, expect)));
  }

  describe(): readonly SourceStatus[] {
    return this.#followers.map((follower) => follower.describe());
  }

  #stopping(): ReadonlySet<ContainerId> {
    return new Set(
      this.#followers.flatMap(({ known: { stopping, stale } }) => [...stopping.keys(), ...stale.ids]),
    );
  }

  /** Those that were told to stop, have not ended, and are where they were. */
  #living(): ReadonlySet<ContainerId> {
    return new Set(this.#followers.flatMap(({ known: { stopping, stale } }) => {
      const doubtful = new Set(stale.ids);
      return [...stopping.keys()].filter((id) => !stopping.mayReturn(id) && !doubtful.has(id));
    }));
  }

  async observe(wake: Wake, signal: AbortSignal): Promise<Snapshot> {
    const connected = this.#followers.filter((follower) => follower.isConnected);
    const results = await Promise.allSettled(connected.map((follower) => follower.refresh(wake, signal)));
    const failed = results.find((result) => result.status === "rejected");
    if (connected.length === 0) throw new SourceError("no Docker engine answers");
    if (failed !== undefined && results.every((result) => result.status === "rejected")) {
      throw new SourceError(
        `cannot read containers: ${messageOf(failed.reason)}`,
      );
    }
    const containers: ContainerView[] = [];
    const starting = new Set<ContainerId>();
    for (const { known } of this.#followers) {
      containers.push(...known.containers.values());
      for (const [id, container] of known.starts.containers) {
        if (known.containers.has(id)) continue;
        containers.push(container);
        starting.add(id);
      }
    }
    const stopping = this.#stopping();
    // A read may show that a container ends, or that it lives on.
    this.#draining(stopping, undefined, this.#living());
    return { containers: sortContainers(containers), stopping, starting };
  }
}
