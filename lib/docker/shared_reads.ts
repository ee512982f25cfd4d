/**
 * Reads of one thing that many ask for at once: one is under way and one waits for it at most. Who asks gets an answer
 * that was asked for no earlier than that, so that it tells of what had happened by then.
 */
export class SharedReads {
  readonly #reads = new Map<string, { readonly current: Promise<unknown>; next?: Promise<unknown> }>();

  /** What `ask` answers, or what another's has that begins later; throws what that throws. */
  read(key: string, ask: () => Promise<unknown>): Promise<unknown> {
    const underWay = this.#reads.get(key);
    if (underWay === undefined) return this.#begin(key, ask);
    const begin = () => this.#begin(key, ask);
    return underWay.next ??= underWay.current.then(begin, begin);
  }

  #begin(key: string, ask: () => Promise<unknown>): Promise<unknown> {
    const read: { current: Promise<unknown>; next?: Promise<unknown> } = { current: ask() };
    this.#reads.set(key, read);
    const end = () => {
      if (read.next === undefined) this.#reads.delete(key);
    };
    read.current.then(end, end);
    return read.current;
  }
}
