import { type Settle, settleDelayMs } from "../core/policy/settle.ts";
import type { Clock, Wake } from "../ports.ts";

/** Holds one wake: those that come before it is taken are merged into it. */
export class Mailbox {
  #wake: Wake | undefined;
  #firstAt = 0;
  #lastAt = 0;
  #isUrgent = false;
  #notify: (() => void) | undefined;
  #isClosed = false;
  /** How many wakes came so far. */
  puts = 0;

  constructor(readonly clock: Clock) {}

  /** Puts a wake in. One that names nothing to read again, and does not settle, is taken at once. */
  put(wake: Wake): void {
    const now = this.clock.now();
    this.puts++;
    if (this.#wake === undefined) this.#firstAt = now;
    this.#lastAt = now;
    this.#isUrgent ||= wake.ids?.size === 0 && wake.settles !== true;
    this.#wake = this.#wake === undefined ? wake : merge(this.#wake, wake);
    this.#notify?.();
  }

  /** Ends `take`: it answers `undefined` from now on. */
  close(): void {
    this.#isClosed = true;
    this.#notify?.();
  }

  /** Each wake that has settled, until the signal; a pass lasts until the next one is taken. */
  async *wakes(settle: Settle, signal: AbortSignal): AsyncGenerator<Wake, void, void> {
    signal.addEventListener("abort", () => this.close(), { once: true });
    if (signal.aborted) this.close();
    let lastPassAt: number | undefined;
    for (;;) {
      const wake = await this.take(settle, lastPassAt);
      if (wake === undefined) return;
      yield wake;
      lastPassAt = this.clock.now();
    }
  }

  /** Waits for a wake that has settled, and takes it; `undefined` once the mailbox is closed. */
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

/** Both wakes in one: it names the containers of both, or all where one of them does. */
export function merge(a: Wake, b: Wake): Wake {
  const isFresh = a.isFresh === true || b.isFresh === true;
  const ids = a.ids === undefined || b.ids === undefined ? undefined : both(a.ids, b.ids);
  const since = a.since ?? b.since;
  const reason = LASTING.find((reason) => a.reason === reason) ?? b.reason;
  return { reason, ...(ids && { ids }), isFresh, ...(since !== undefined && { since }) };
}

/** Of thousands that come during one pass, most name nobody. */
function both<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): ReadonlySet<T> {
  return b.size === 0 ? a : a.size === 0 ? b : a.union(b);
}

/** Reasons that cause work of their own, and are kept when another wake is merged. */
const LASTING: readonly Wake["reason"][] = ["start", "audit"];
