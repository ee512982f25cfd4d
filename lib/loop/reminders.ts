import type { Clock, Wake } from "../ports.ts";

/** Wakes the loop later on. */
export class Reminders {
  readonly #due = new Set<string>();

  constructor(readonly clock: Clock, readonly wake: (wake: Wake) => void) {}

  /** Wakes once after the milliseconds, however often it is asked for the purpose until then; `since` is what the wake is for. */
  once(
    purpose: "load" | "refused" | "postponed" | "leaving",
    milliseconds: number,
    signal: AbortSignal,
    { before, since }: { readonly before?: () => void; readonly since?: number | undefined } = {},
  ): void {
    if (this.#due.has(purpose)) return;
    this.#due.add(purpose);
    void this.clock.sleep(milliseconds, signal).then(() => {
      this.#due.delete(purpose);
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
