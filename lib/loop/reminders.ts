import type { Clock, Wake } from "../ports.ts";

/** Wakes the loop later on. */
export class Reminders {
  /** When each purpose is due. */
  readonly #due = new Map<string, number>();

  constructor(readonly clock: Clock, readonly wake: (wake: Wake) => void) {}

  /**
   * Wakes the loop once for a purpose: at the earliest of the times that were wanted. `since` is when the event came
   * in that the wake is for.
   */
  once(
    purpose: "load" | "refused" | "postponed" | "leaving" | "drained",
    milliseconds: number,
    signal: AbortSignal,
    { before, since }: { readonly before?: () => void; readonly since?: number | undefined } = {},
  ): void {
    const at = this.clock.now() + milliseconds;
    if ((this.#due.get(purpose) ?? Infinity) <= at) return;
    this.#due.set(purpose, at);
    void this.clock.sleep(milliseconds, signal).then(() => {
      // An earlier time took its place.
      if (this.#due.get(purpose) !== at || signal.aborted) return;
      this.#due.delete(purpose);
      before?.();
      this.wake({ reason: "haproxy", ids: new Set(), ...(since !== undefined && { since }) });
    });
  }

  /** Wakes again and again, until the signal; asks each time in how many milliseconds. */
  async every(nextMs: () => number, wake: Wake, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.clock.sleep(nextMs(), signal);
      if (!signal.aborted) this.wake(wake);
    }
  }
}
