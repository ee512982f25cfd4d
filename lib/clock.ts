import type { Chance, Clock } from "./ports.ts";

/** Who waits for a signal. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Has a signal call back once when it aborts, unless what this returns is called before. Thousands may wait for one signal:
 * it has one listener for all of them, since it looks through its listeners for each that leaves, and none once nobody waits.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  let all = waiting.get(signal);
  if (all === undefined) {
    all = new Set();
    waiting.set(signal, all);
    signal.addEventListener("abort", tellAborted, { once: true });
  }
  const own = all;
  own.add(callback);
  return () => {
    if (!own.delete(callback) || own.size > 0) return;
    waiting.delete(signal);
    signal.removeEventListener("abort", tellAborted);
  };
}

function tellAborted({ target }: Event): void {
  const signal = target as AbortSignal;
  const all = waiting.get(signal) ?? [];
  waiting.delete(signal);
  for (const callback of all) callback();
}

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
      leave?.();
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    const leave = signal && onAbort(signal, done);
    return promise;
  },
};

/** Real chance. */
export const systemChance: Chance = () => Math.random();

/**
 * Calls back when what takes so many milliseconds at most is late, unless what this returns is called before: what the limit is
 * for may have come while signalbox was busy, and is looked at first.
 */
export function whenLate(
  clock: Pick<Clock, "after">,
  milliseconds: number,
  callback: () => void,
): () => void {
  let cancel = clock.after(milliseconds, () => cancel = clock.after(0, callback));
  return () => cancel();
}

/** A signal that aborts after the milliseconds, unless its limit is disposed of before. */
export class TimeLimit implements Disposable {
  readonly #controller = new AbortController();
  readonly #cancel: () => void;

  constructor(clock: Pick<Clock, "after">, milliseconds: number, reason?: () => Error) {
    this.#cancel = whenLate(clock, milliseconds, () => this.abort(reason?.()));
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
