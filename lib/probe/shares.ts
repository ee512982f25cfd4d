import type { TurnsLimits } from "../core/policy/turns.ts";

/**
 * How a number of connections is shared between tries. A container that never answers holds one as long as a try lasts;
 * a container that was never tried gets a turn beside any number of those.
 */
export const sharesOf = (most: number): Omit<TurnsLimits, "after"> => ({
  most,
  mostEach: 2,
  mostAgain: most * 3 / 4,
  quickMs: 250,
});
