import type { ContainerId } from "../../core/values/names.ts";
import type { ContainerView } from "../../core/snapshot/snapshot.ts";

/**
 * Containers to which something happened that may have changed their address, which another container may have by now:
 * until they are read again they get nothing new, however long the engine takes to answer.
 */
export class StaleAddresses {
  /** Each with a number of its own, by which an answer that was asked for before is told from one after. */
  readonly #marks = new Map<ContainerId, number>();
  #count = 0;

  /** The containers in doubt. */
  get ids(): Iterable<ContainerId> {
    return this.#marks.keys();
  }

  has(id: ContainerId): boolean {
    return this.#marks.has(id);
  }

  /** Puts a container in doubt, if it is one that is known. */
  add(id: ContainerId, known: ReadonlyMap<ContainerId, ContainerView>): void {
    if (known.has(id)) this.#marks.set(id, ++this.#count);
  }

  /** Begins to read a container; answers with what is to be called when it was read. */
  beginReading(id: ContainerId): () => void {
    const mark = this.#marks.get(id);
    return () => {
      if (this.#marks.get(id) === mark) this.#marks.delete(id);
    };
  }

  /** Forgets a container. */
  delete(id: ContainerId): void {
    this.#marks.delete(id);
  }
}
