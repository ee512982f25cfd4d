import type { ContainerId } from "../../core/values/names.ts";
import type { ContainerView } from "../../core/snapshot/snapshot.ts";
import type { Wake } from "../../ports.ts";
import type { Doubts } from "./stale_addresses.ts";
import type { FollowerParts } from "./follower_parts.ts";

/** Containers that are watched at most: each is a connection that is held. */
const MOST = 256;

/**
 * While an engine is away nobody tells of its containers. One that crashed starts them anew before it can be asked, and
 * not each gets its old address: so each is watched by a connection, and one that ends is in doubt.
 */
export class Vigil {
  #under: AbortController | undefined;

  constructor(
    readonly parts: Pick<FollowerParts, "untilGone" | "isReachedDirectly">,
    readonly containers: ReadonlyMap<ContainerId, ContainerView>,
    readonly doubts: Doubts,
    readonly wake: (wake: Wake) => void,
  ) {}

  /** Begins to watch the containers that are known, unless they are watched already, until `end` or the signal. */
  begin(signal: AbortSignal): void {
    if (this.#under !== undefined) return;
    this.#under = new AbortController();
    const ending = AbortSignal.any([signal, this.#under.signal]);
    const watched = [...this.containers.values()].filter(this.parts.isReachedDirectly).slice(0, MOST);
    for (const container of watched) {
      void this.parts.untilGone(container, ending).then((isGone) => {
        if (!isGone || ending.aborted) return;
        this.doubts.add(container.id, this.containers);
        this.wake({ reason: "docker", ids: new Set() });
      });
    }
  }

  /** The engine tells of its containers again. */
  end(): void {
    this.#under?.abort();
    this.#under = undefined;
  }
}
