/** Of one thing: how many reads are under way, the one that waits, and what lets it begin. */
type Reads = { current: number; next: Promise<unknown> | undefined; begin: (() => void) | undefined };

/**
 * Reads of one thing that many ask for at once: so many are under way (one, if nobody says otherwise) and one waits for
 * them at most. Who asks gets an answer that was asked for no earlier than that, so that it tells of what had happened
 * by then.
 */
export class SharedReads {
  readonly #reads = new Map<string, Reads>();

  constructor(readonly atOnce = 1) {}

  /** What `ask` answers, or what another's has that begins later; throws what that throws. */
  async read(key: string, ask: () => Promise<unknown>): Promise<unknown> {
    const reads = this.#reads.get(key) ?? { current: 0, next: undefined, begin: undefined };
    this.#reads.set(key, reads);
    if (reads.current < this.atOnce) {
      reads.current++;
      return await this.#do(key, reads, ask);
    }
    return await (reads.next ??= new Promise<void>((begin) => void (reads.begin = begin)).then(() =>
      this.#do(key, reads, ask)
    ));
  }

  async #do(key: string, reads: Reads, ask: () => Promise<unknown>): Promise<unknown> {
    try {
      return await ask();
    } finally {
      const { begin } = reads;
      [reads.next, reads.begin] = [undefined, undefined];
      // The one that waits takes the place of this one.
      if (begin !== undefined) begin();
      else if (--reads.current === 0) this.#reads.delete(key);
    }
  }
}
