import type { Clock } from "../ports.ts";

/** The longest pause behind an answer, in milliseconds. */
const LONGEST_PAUSE_MS = 1_000;
/** Different answers that may wait: as many as there are connections. Who has gone leaves its own behind. */
const MOST_WAITING = 64;

/** So many answers wait that one more is not made. */
export class TooManyAsk extends Error {
  override readonly name = "TooManyAsk";
}

/**
 * Makes answers that take long one at a time, with a pause behind each that is as long as it took: who asks for many at once
 * waits, and routing does not. Who asks for one that has not begun shares it, and its
 * memory, for as long as it takes each of them to read it.
 */
export class LongAnswers {
  /** Resolves when the last one is made. */
  #last: Promise<void> = Promise.resolve();
  /** When its pause is over. */
  #freeAt = 0;
  /** Those that have not begun, by name. */
  readonly #coming = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();

  constructor(readonly clock: Clock) {}

  /** The text of this name in bytes, which nobody may change, made when it is its turn. Rejects where making it does, and with TooManyAsk. */
  make(name: string, act: () => string | Promise<string>): Promise<Uint8Array<ArrayBuffer>> {
    const known = this.#coming.get(name);
    if (known !== undefined) return known;
    if (this.#coming.size >= MOST_WAITING) return Promise.reject(new TooManyAsk());
    const { promise: last, resolve: leave } = Promise.withResolvers<void>();
    const made = this.#inTurn(this.#last, name, act).finally(leave);
    this.#last = last;
    this.#coming.set(name, made);
    return made;
  }

  async #inTurn(
    last: Promise<void>,
    name: string,
    act: () => string | Promise<string>,
  ): Promise<Uint8Array<ArrayBuffer>> {
    await last;
    const pauseMs = this.#freeAt - this.clock.now();
    if (pauseMs > 0) await this.clock.sleep(pauseMs);
    this.#coming.delete(name);
    const begin = this.clock.now();
    try {
      return new TextEncoder().encode(await act());
    } finally {
      const end = this.clock.now();
      this.#freeAt = end + Math.min(end - begin, LONGEST_PAUSE_MS);
    }
  }
}
