/** Time in a test's own hands. */
import type { Clock } from "../../lib/ports.ts";

/** A clock that stands still until it is set, and fires what is due then. */
export class HandClock implements Clock {
  #now = 1_000;
  readonly #due: { readonly at: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  date(): Date {
    return new Date(this.#now);
  }

  after(milliseconds: number, callback: () => void): () => void {
    const entry = { at: this.#now + milliseconds, callback };
    this.#due.push(entry);
    return () => {
      if (this.#due.includes(entry)) this.#due.splice(this.#due.indexOf(entry), 1);
    };
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      void this.after(milliseconds, resolve);
      signal?.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  /** How many wait for it. */
  get waiting(): number {
    return this.#due.length;
  }

  /** Lets time pass. */
  pass(milliseconds: number): void {
    this.#now += milliseconds;
    for (const entry of this.#due.filter(({ at }) => at <= this.#now)) {
      this.#due.splice(this.#due.indexOf(entry), 1);
      entry.callback();
    }
  }
}
