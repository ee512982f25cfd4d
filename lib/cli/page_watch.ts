import type { Clock } from "../ports.ts";
import { lookOfErrorPages } from "./error_pages.ts";

/** How often signalbox looks at the folder, in milliseconds: not every file system tells of changes. */
const LOOK_MS = 2_000;

/**
 * Looks at the folder of `--error-pages` until the signal, and calls `reread` when it has changed and nobody writes there any
 * more; `first` is how it looked before its pages were read.
 */
export async function watchPages(
  folder: string,
  first: string | undefined,
  { clock, reread }: { readonly clock: Pick<Clock, "sleep">; readonly reread: () => Promise<void> },
  signal: AbortSignal,
): Promise<void> {
  let [read, seen] = [first, first];
  for (;;) {
    await clock.sleep(LOOK_MS, signal);
    if (signal.aborted) return;
    const now = await lookOfErrorPages(folder);
    const isQuiet = now === seen;
    seen = now;
    if (!isQuiet || now === read) continue;
    read = now;
    await reread();
  }
}
