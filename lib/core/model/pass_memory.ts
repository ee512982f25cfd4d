type Entry<V> = { value: V; pass: number };

/**
 * Values by key, each as long as every pass asks for it. One map for all passes: to fill another in each pass takes longer
 * than everything else that it does.
 */
export class PassMemory<K, V> {
  readonly #entries = new Map<K, Entry<V>>();
  #pass = 0;
  /** How many of them this pass wanted. */
  #used = 0;

  /** Begins a pass: what the last one did not ask for is forgotten. */
  begin(): void {
    if (this.#used < this.#entries.size) {
      for (const [key, { pass }] of this.#entries) if (pass !== this.#pass) this.#entries.delete(key);
    }
    this.#pass++;
    this.#used = 0;
  }

  /** The value of a key, if this pass or the one before had it. */
  get(key: K): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#use(entry);
    return entry.value;
  }

  /** Keeps a value in place of the one before, and answers with it. */
  set(key: K, value: V): V {
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#entries.set(key, { value, pass: this.#pass });
      this.#used++;
    } else {
      this.#use(entry);
      entry.value = value;
    }
    return value;
  }

  #use(entry: Entry<V>): void {
    if (entry.pass === this.#pass) return;
    entry.pass = this.#pass;
    this.#used++;
  }
}
