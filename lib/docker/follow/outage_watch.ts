import { DESCRIPTOR_SHARES } from "../../core/policy/descriptor_shares.ts";
import type { KnownContainers } from "./known_containers.ts";

/** How many more containers can be watched, over all engines: each watch holds a connection. */
let free: number = DESCRIPTOR_SHARES.watches;

/**
 * While an engine is away, no event tells of its containers. An engine that crashed restarts them before it answers, and
 * not each gets its old address. So signalbox holds a connection to each; the end of one puts that container in doubt.
 */
export class OutageWatch {
  #under: AbortController | undefined;

  constructor(readonly known: KnownContainers) {}

  /** Begins to watch the containers that are known, unless they are watched already, until `end` or the signal. */
  begin(signal: AbortSignal): void {
    if (this.#under !== undefined) return;
    this.#under = new AbortController();
    const ending = AbortSignal.any([signal, this.#under.signal]);
    const { known, known: { parts: { isReachedDirectly, untilGone } } } = this;
    const watched = [...known.containers.values()].filter(isReachedDirectly).slice(0, free);
    free -= watched.length;
    for (const container of watched) {
      void untilGone(container, ending).finally(() => free++).then((isGone) => {
        if (!isGone || ending.aborted) return;
        known.distrust(container.id);
        known.wake({ reason: "docker", ids: new Set() });
      });
    }
  }

  /** The engine is back: ends all watches. */
  end(): void {
    this.#under?.abort();
    this.#under = undefined;
  }
}
