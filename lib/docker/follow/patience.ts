import type { Clock } from "../../ports.ts";

/** Waits for work, but no longer than the milliseconds; answers whether it was done by then. Throws what the work throws until then. */
export async function isDoneWithin(
  work: Promise<unknown>,
  patienceMs: number,
  clock: Clock,
): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const cancel = clock.after(patienceMs, () => late.resolve(false));
  return await Promise.race([work.then(() => true), late.promise]).finally(cancel);
}
