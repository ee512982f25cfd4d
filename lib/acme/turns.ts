/** Calls at a time in all. */
const MOST_AT_ONCE = 4;

/** One call that waits for its turn. */
type Waiting = { readonly begin: () => void };

/**
 * Gives turns: one call of a zone at a time, and a few in all. Of zones that wait, each has its turn before another one has
 * its second: one whose calls are slow holds up itself alone.
 */
export class Turns {
  /** Zones with calls that wait, the next one first. */
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #busy = new Set<string>();

  /** Acts when it is the zone's turn. Throws what the act throws, and why the signal was aborted before. */
  async take<T>(zone: string, act: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#turn(zone, signal);
    try {
      return await act();
    } finally {
      this.#busy.delete(zone);
      this.#goBehind(zone);
      this.#next();
    }
  }

  /** Has all other zones that wait come before this one. */
  #goBehind(zone: string): void {
    const own = this.#waiting.get(zone);
    this.#waiting.delete(zone);
    if (own !== undefined) this.#waiting.set(zone, own);
  }

  #turn(zone: string, signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    const leave = () => {
      const rest = (this.#waiting.get(zone) ?? []).filter((each) => each !== waiting);
      if (rest.length === 0) this.#waiting.delete(zone);
      else this.#waiting.set(zone, rest);
      reject(signal?.reason);
    };
    const waiting: Waiting = {
      begin: () => {
        signal?.removeEventListener("abort", leave);
        resolve();
      },
    };
    signal?.addEventListener("abort", leave, { once: true });
    this.#waiting.set(zone, [...this.#waiting.get(zone) ?? [], waiting]);
    this.#next();
    return promise;
  }

  #next(): void {
    while (this.#busy.size < MOST_AT_ONCE) {
      const found = [...this.#waiting].find(([zone]) => !this.#busy.has(zone));
      if (found === undefined) return;
      const [zone, [first, ...rest]] = found;
      if (rest.length === 0) this.#waiting.delete(zone);
      else this.#waiting.set(zone, rest);
      this.#busy.add(zone);
      first?.begin();
    }
  }
}
