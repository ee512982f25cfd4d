type Reads = { underWay: number; newest: number };

/** An answer, and whether nothing newer was known when it came. */
export type Ordered<T> = { readonly answer: T; readonly isNewest: boolean };

/** Tells answers about one container apart by when they were asked for: an older one may come after a newer one. */
export class AnswerOrder {
  readonly #reads = new Map<string, Reads>();
  #count = 0;

  /** Asks about a container; throws what that throws. */
  async read<T>(id: string, ask: () => Promise<T>): Promise<Ordered<T>> {
    const reads = this.#reads.get(id) ?? { underWay: 0, newest: 0 };
    this.#reads.set(id, reads);
    reads.underWay++;
    const mine = ++this.#count;
    try {
      const answer = await ask();
      const isNewest = mine > reads.newest;
      if (isNewest) reads.newest = mine;
      return { answer, isNewest };
    } finally {
      if (--reads.underWay === 0) this.#reads.delete(id);
    }
  }

  /** An event told more than any answer will that was asked for before it. */
  outdate(id: string): void {
    const reads = this.#reads.get(id);
    if (reads !== undefined) reads.newest = ++this.#count;
  }
}
