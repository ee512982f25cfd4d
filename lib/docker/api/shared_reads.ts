/** For one thing: how many reads are under way, the read that waits, and what lets it begin. */
type Reads = { current: number; next: Promise<unknown> | undefined; begin: (() => void) | undefined };

/**
 * Shares reads of one thing between callers. A limited number of reads (one by default) is under way, and at most one more
 * waits. Each caller gets an answer to a question that was sent after its call, so that the answer is recent enough.
 */
export class SharedReads {
  readonly #reads = new Map<string, Reads>();

  constructor(readonly atOnce = 1) {}

  /** Answers with the result of `ask`, or of the later read that another caller waits for; throws what that throws. */
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
      // The read that waits begins now.
      if (begin !== undefined) begin();
      else if (--reads.current === 0) this.#reads.delete(key);
    }
  }
}
