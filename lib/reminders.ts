import type { Clock, Wake } from "./ports.ts";

/** Wakes the loop later on. */
export class Reminders {
  readonly #due = new Set<number>();

  constructor(readonly clock: Clock, readonly wake: (wake: Wake) => void) {}

  /** Wakes once after the milliseconds, however often it is asked for until then; `since` is what the wake is for. */
  once(
    milliseconds: number,
    signal: AbortSignal,
    { before, since }: { readonly before?: () => void; readonly since?: number | undefined } = {},
  ): void {
    if (this.#due.has(milliseconds)) return;
    this.#due.add(milliseconds);
    void this.clock.sleep(milliseconds, signal).then(() => {
      this.#due.delete(milliseconds);
      if (signal.aborted) return;
      before?.();
      this.wake({ reason: "haproxy", ids: new Set(), ...(since !== undefined && { since }) });
    });
  }

  /** Wakes again and again, until the signal. */
  async every(intervalMs: number, wake: Wake, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.clock.sleep(intervalMs, signal);
      if (!signal.aborted) this.wake(wake);
    }
  }
}
