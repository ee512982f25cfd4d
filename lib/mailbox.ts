import type { Burst } from "./core/settle.ts";
import type { Wake } from "./ports.ts";

/** One place for wakes: those that come before the last one was taken become one. */
export class Mailbox {
  #wake: Wake | undefined;
  #firstAt = 0;
  #lastAt = 0;
  #notify: (() => void) | undefined;

  /** Puts a wake in, at a moment of the clock in milliseconds. */
  put(wake: Wake, now: number): void {
    if (this.#wake === undefined) this.#firstAt = now;
    this.#lastAt = now;
    this.#wake = this.#wake === undefined ? wake : merge(this.#wake, wake);
    this.#notify?.();
  }

  /** Waits until something is in; `undefined` when the signal aborts first. */
  async wait(signal: AbortSignal): Promise<Omit<Burst, "lastPassAt"> | undefined> {
    if (this.#wake === undefined && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#notify = resolve;
      signal.addEventListener("abort", resolve as () => void, { once: true });
      await promise;
      signal.removeEventListener("abort", resolve as () => void);
      this.#notify = undefined;
    }
    return this.#wake === undefined ? undefined : { firstAt: this.#firstAt, lastAt: this.#lastAt };
  }

  /** Takes what is in. */
  take(): Wake | undefined {
    const wake = this.#wake;
    this.#wake = undefined;
    return wake;
  }
}

/** Both wakes in one: what either names is looked at, and everything if either says so. */
export function merge(a: Wake, b: Wake): Wake {
  const isFresh = a.isFresh === true || b.isFresh === true;
  const ids = a.ids === undefined || b.ids === undefined ? undefined : new Set([...a.ids, ...b.ids]);
  return { reason: a.reason === "start" ? "start" : b.reason, ...(ids && { ids }), isFresh };
}
