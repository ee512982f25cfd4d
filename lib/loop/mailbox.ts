import { type Settle, settleDelayMs } from "../core/policy/settle.ts";
import type { Clock, Wake } from "../ports.ts";

/** One place for wakes: those that come before the last one was taken become one. */
export class Mailbox {
  #wake: Wake | undefined;
  #firstAt = 0;
  #lastAt = 0;
  #isUrgent = false;
  #notify: (() => void) | undefined;
  #isClosed = false;

  constructor(readonly clock: Clock) {}

  /** Puts a wake in; one that names nothing to read again acts on what is known, and waits for nothing. */
  put(wake: Wake): void {
    const now = this.clock.now();
    if (this.#wake === undefined) this.#firstAt = now;
    this.#lastAt = now;
    this.#isUrgent ||= wake.ids?.size === 0 && wake.settles !== true;
    this.#wake = this.#wake === undefined ? wake : merge(this.#wake, wake);
    this.#notify?.();
  }

  /** Nothing is taken any more. */
  close(): void {
    this.#isClosed = true;
    this.#notify?.();
  }

  /** Waits until something is in and has settled, and takes it; `undefined` once it is closed. */
  async take(settle: Settle, lastPassAt: number | undefined): Promise<Wake | undefined> {
    while (!this.#isClosed) {
      const delay = this.#delayMs(settle, lastPassAt);
      if (delay <= 0) break;
      await this.#changed(delay);
    }
    const wake = this.#isClosed ? undefined : this.#wake;
    this.#wake = undefined;
    this.#isUrgent = false;
    return wake;
  }

  #delayMs(settle: Settle, lastPassAt: number | undefined): number {
    if (this.#wake === undefined) return Infinity;
    if (this.#isUrgent) return 0;
    return settleDelayMs(
      { firstAt: this.#firstAt, lastAt: this.#lastAt, lastPassAt },
      settle,
      this.clock.now(),
    );
  }

  /** Resolves when a wake comes, or after the milliseconds, or when it is closed. */
  async #changed(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#notify = resolve;
    const cancel = milliseconds < Infinity ? this.clock.after(milliseconds, resolve) : undefined;
    await promise;
    cancel?.();
    this.#notify = undefined;
  }
}

/** Both wakes in one: what either names is looked at, and everything if either says so. */
export function merge(a: Wake, b: Wake): Wake {
  const isFresh = a.isFresh === true || b.isFresh === true;
  const ids = a.ids === undefined || b.ids === undefined ? undefined : new Set([...a.ids, ...b.ids]);
  const since = a.since ?? b.since;
  const reason = LASTING.find((reason) => a.reason === reason) ?? b.reason;
  return { reason, ...(ids && { ids }), isFresh, ...(since !== undefined && { since }) };
}

/** Reasons that ask for something of their own, and are not lost when another wake comes. */
const LASTING: readonly Wake["reason"][] = ["start", "audit"];
