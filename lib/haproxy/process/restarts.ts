import { type Backoff, backoffMs } from "../../core/policy/backoff.ts";
import type { Chance, Clock } from "../../ports.ts";

const RESTART: Backoff = { firstMs: 50, mostMs: 10_000 };
/** After HAProxy has served this long, in milliseconds, a crash has the shortest delay again. */
const STEADY_MS = 10_000;

/** How often HAProxy ended by itself in a row, and when it is started again. */
export class Restarts {
  #failures = 0;
  #servesSince = Infinity;

  constructor(readonly clock: Clock, readonly chance: Chance) {}

  /** How often it ended in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** Notes that a worker serves. */
  noteServing(): void {
    this.#servesSince = Math.min(this.#servesSince, this.clock.now());
  }

  /** Notes that HAProxy has ended. */
  noteExit(): void {
    if (this.clock.now() - this.#servesSince > STEADY_MS) this.#failures = 0;
    this.#servesSince = Infinity;
  }

  /** Waits until it may be started again; false where the signal aborted, or it was started meanwhile and has failed too. */
  async wait(signal: AbortSignal): Promise<boolean> {
    const failures = ++this.#failures;
    await this.clock.sleep(backoffMs(failures, RESTART, this.chance()), signal);
    return failures === this.#failures && !signal.aborted;
  }
}
