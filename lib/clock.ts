import type { Chance, Clock } from "./ports.ts";

/** The real clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
  sleep: (milliseconds, signal) => {
    if (signal?.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener("abort", done, { once: true });
    return promise;
  },
};

/** Real chance. */
export const systemChance: Chance = () => Math.random();

/** A signal that aborts after the milliseconds, unless its limit is disposed of before. */
export class TimeLimit implements Disposable {
  readonly #controller = new AbortController();
  #cancel: () => void;

  constructor(clock: Pick<Clock, "after">, milliseconds: number, reason?: () => Error) {
    this.#cancel = clock.after(milliseconds, () => {
      // What the limit is for may have come while signalbox was busy, and was not looked at yet.
      this.#cancel = clock.after(0, () => this.abort(reason?.()));
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborts at once. */
  abort(reason?: Error): void {
    this.#controller.abort(reason);
  }

  /** Ends the limit: only `abort` aborts the signal from now on. */
  [Symbol.dispose](): void {
    this.#cancel();
  }
}
