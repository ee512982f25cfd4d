import type { TurnsLimits } from "../core/policy/turns.ts";

/**
 * How so many connections that are tried are shared: a container that never answers holds one for as long as a try lasts.
 * What has never been tried finds a turn beside any number of those.
 */
export const sharesOf = (most: number): Omit<TurnsLimits, "after"> => ({
  most,
  mostEach: 2,
  mostAgain: most * 3 / 4,
  quickMs: 250,
});
