/** When changes are acted on: at once after quiet, later while they keep coming. */
export type Settle = { readonly quietMs: number; readonly mostMs: number };

/** The moments of one run of changes, in milliseconds of one clock; `lastPassAt` is when the last pass began. */
export type Burst = {
  readonly firstAt: number;
  readonly lastAt: number;
  readonly lastPassAt: number | undefined;
};

/**
 * How many milliseconds to wait before the changes are acted on. The first change after quiet acts at once; one that
 * comes within the settle time of the last pass waits for quiet, but never later than the bound.
 */
export function settleDelayMs(burst: Burst, settle: Settle, now: number): number {
  const isFirst = burst.lastPassAt === undefined || burst.firstAt - burst.lastPassAt > settle.quietMs;
  if (isFirst) return 0;
  const quietAt = burst.lastAt + settle.quietMs;
  const latestAt = burst.firstAt + settle.mostMs;
  return Math.max(0, Math.min(quietAt, latestAt) - now);
}
