/** Durations that were counted, as Prometheus has them. */
export type Durations = {
  /** How many were at most as long as the bound of the same place; one more for those that were longer. Not summed up. */
  readonly counts: readonly number[];
  readonly sumSeconds: number;
};

/** Upper bounds in seconds: a change takes milliseconds, a reload tenths of a second, an engine that is slow longer. */
export const BOUNDS_SECONDS: readonly number[] = [
  ...[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
];

/** Counts durations. */
export class Histogram {
  readonly #counts: number[] = Array.from({ length: BOUNDS_SECONDS.length + 1 }, () => 0);
  #sumMs = 0;

  add(milliseconds: number): void {
    const found = BOUNDS_SECONDS.findIndex((bound) => milliseconds <= bound * 1_000);
    const at = found < 0 ? BOUNDS_SECONDS.length : found;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sumMs += milliseconds;
  }

  get durations(): Durations {
    return { counts: [...this.#counts], sumSeconds: Math.round(this.#sumMs * 1_000) / 1_000_000 };
  }
}
