import type { Clock } from "../../ports.ts";

/** How long nothing is to come, in milliseconds, twice in a row. */
const QUIET_MS = 10;
/** How often signalbox looks at most: HAProxy may print without end. */
const LOOKS = 10;

/**
 * Resolves once `count` has stayed the same for a while. Looks twice: on a busy machine a timer may come before what has
 * long been there to read.
 */
export async function untilQuiet(count: () => number, clock: Clock): Promise<void> {
  for (let looks = 0, quiet = 0; looks < LOOKS && quiet < 2; looks++) {
    const before = count();
    await clock.sleep(QUIET_MS);
    quiet = count() === before ? quiet + 1 : 0;
  }
}
