import type { ContainerId } from "../../core/values/names.ts";
import type { ContainerView } from "../../core/snapshot/snapshot.ts";

/**
 * Containers whose address may have changed, so that another container may have it by now. They get no new requests until
 * signalbox has read them again, however long the engine takes to answer.
 */
export class StaleAddresses {
  /** Each with a number of its own, which tells answers from before the doubt from those after. */
  readonly #marks = new Map<ContainerId, number>();
  #count = 0;

  /** The containers in doubt. */
  get ids(): Iterable<ContainerId> {
    return this.#marks.keys();
  }

  has(id: ContainerId): boolean {
    return this.#marks.has(id);
  }

  /** Puts a container in doubt, if it is known. */
  add(id: ContainerId, known: ReadonlyMap<ContainerId, ContainerView>): void {
    if (known.has(id)) this.#marks.set(id, ++this.#count);
  }

  /** A read of a container begins; answers with a function to call when it is done. */
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
