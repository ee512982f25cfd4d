type Reads = { underWay: number; newest: number };

/** An answer, and whether it is the newest that is known. */
export type Ordered<T> = { readonly answer: T; readonly isNewest: boolean };

/** Orders answers about one container by when their questions were sent: an older answer may arrive last. */
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

  /** An event arrived: answers to questions from before it are out of date. */
  outdate(id: string): void {
    const reads = this.#reads.get(id);
    if (reads !== undefined) reads.newest = ++this.#count;
  }
}
