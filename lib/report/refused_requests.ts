import { type Refusal, refusalOf } from "../core/runtime/refusal.ts";
import type { Clock } from "../ports.ts";

/** How long refused requests are counted before they are told, in milliseconds. */
const WHILE_MS = 1_000;
/** Lines of refused requests in that time, of all clients and of one. */
const MOST = 100;
const MOST_OF_ONE = 20;

/** Refused requests that have no line of their own: how many there are of each status. */
export type Untold = ReadonlyMap<string, number>;

/**
 * Bounds what refused requests may write: a client that sends as many as it can would fill the disk. The first ones of a second
 * have a line each, and further ones are counted. One client alone takes the lines of no other.
 */
export class RefusedRequests {
  #told = 0;
  readonly #toldOf = new Map<string, number>();
  #untold = new Map<string, number>();
  #isCounting = false;

  constructor(readonly clock: Pick<Clock, "after">, readonly onUntold: (untold: Untold) => void) {}

  /** The lines of the access log that are to be written. */
  take(lines: readonly string[]): readonly string[] {
    return lines.filter((line) => {
      const refusal = refusalOf(line);
      return refusal === undefined || this.#isTold(refusal);
    });
  }

  #isTold({ client, status }: Refusal): boolean {
    if (!this.#isCounting) {
      this.#isCounting = true;
      this.clock.after(WHILE_MS, () => this.#beginAnew());
    }
    const ofOne = this.#toldOf.get(client) ?? 0;
    if (this.#told < MOST && ofOne < MOST_OF_ONE) {
      this.#told++;
      this.#toldOf.set(client, ofOne + 1);
      return true;
    }
    this.#untold.set(status, (this.#untold.get(status) ?? 0) + 1);
    return false;
  }

  #beginAnew(): void {
    this.#isCounting = false;
    this.#told = 0;
    this.#toldOf.clear();
    if (this.#untold.size === 0) return;
    const untold = this.#untold;
    this.#untold = new Map();
    this.onUntold(untold);
  }
}

/** These in words: `refused 4213 more requests within a second: 4000 with 429, 213 with 403`. */
export function untoldInWords(untold: Untold): { readonly text: string; readonly lines: number } {
  const sorted = [...untold].sort(([, a], [, b]) => b - a);
  const lines = sorted.reduce((sum, [, count]) => sum + count, 0);
  const statuses = sorted.map(([status, count]) =>
    status === "0" ? `${count} connections of TCP` : `${count} with ${status}`
  ).join(", ");
  return { lines, text: `refused ${lines} more within a second: ${statuses}` };
}
