/** How long to wait after failures in a row. */
export type Backoff = { readonly firstMs: number; readonly mostMs: number };

/** The delay after the nth failure in a row (1, 2, …): doubled each time, with up to a quarter taken off by `chance` (0 to 1), so that many do not come back at once. */
export function backoffMs(failures: number, { firstMs, mostMs }: Backoff, chance: number): number {
  const whole = Math.min(mostMs, firstMs * 2 ** Math.max(0, Math.min(failures - 1, 30)));
  return Math.round(whole * (1 - chance / 4));
}
