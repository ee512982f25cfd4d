import type { Clock } from "../../ports.ts";

/** How long a pass waits for an inspect, in milliseconds; an idle engine answers within 5. */
export const INSPECT_LIMIT_MS = 50;
/** How long a pass waits for a list when containers are known already, in milliseconds; a list of 10,000 takes 200. */
export const LIST_LIMIT_MS = 1_000;

/** Waits for work, at most the milliseconds; answers whether it is done. Throws what the work throws until then. */
export async function isDoneWithin(
  work: Promise<unknown>,
  limitMs: number,
  clock: Clock,
): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const cancel = clock.after(limitMs, () => late.resolve(false));
  return await Promise.race([work.then(() => true), late.promise]).finally(cancel);
}

/** Inspects under way at once; more do not make an engine faster. */
const AT_ONCE = 8;

/** Does the work for each, eight at once; throws what the first one throws. */
export async function eachOf<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const queue = [...all];
  const worker = async () => {
    for (let one = queue.pop(); one !== undefined; one = queue.pop()) await work(one);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, queue.length) }, worker));
}
