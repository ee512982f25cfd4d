/** Waiting for a condition, in place of sleeping for a time that is too short here and too long there. */

/** How long to wait, and for what, in words that complete "waited in vain for …". */
export interface Wait {
  readonly what: string;
  /** 30 s unless said: long beside what is waited for, also where several suites share few processors. */
  readonly limitMs?: number;
  /** 20 ms unless said. */
  readonly everyMs?: number;
}

/**
 * Asks again and again until the condition gives something other than false, null or undefined, and returns that.
 * A condition that throws does not hold yet; what it threw last is told when the limit has passed.
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  { what, limitMs = 30_000, everyMs = 20 }: Wait,
): Promise<Exclude<T, false | null | undefined>> {
  const end = performance.now() + limitMs;
  let last: unknown = "it did not hold";
  for (;;) {
    try {
      const value = await condition();
      if (value !== false && value !== null && value !== undefined) {
        return value as Exclude<T, false | null | undefined>;
      }
    } catch (error) {
      last = error instanceof Error ? error.message : error;
    }
    if (performance.now() > end) throw new Error(`Waited in vain for ${what}, ${limitMs} ms: ${last}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/**
 * Resolves when everything has happened that waits for no timer, no file and no network: for what is to stay as it is.
 * Whatever a promise leads to comes before the next timer, however many steps it takes.
 */
export const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
