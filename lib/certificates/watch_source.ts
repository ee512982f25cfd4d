import type { Clock } from "../ports.ts";

/** How long until signalbox looks again at a folder that it cannot watch, in milliseconds. */
const AGAIN_MS = 1_000;
/** How long one watch lasts, in milliseconds: another folder may have its name then, and not every file system tells of changes. */
const LOOK_MS = 60_000;

/** Tells whenever something in a folder, or beside a file, may have changed, until the signal. */
export async function watchSource(
  path: string,
  clock: Clock,
  tell: () => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await watchOnce(path, clock, tell, signal);
    } catch {
      // It is not there now. Reading it reports that.
      await clock.sleep(AGAIN_MS, signal);
    }
    if (!signal.aborted) tell();
  }
}

async function watchOnce(path: string, clock: Clock, tell: () => void, signal: AbortSignal): Promise<void> {
  const { isDirectory } = await Deno.stat(path);
  // The folder of a file is watched: tools put a new file, or a link, in the place of the old one.
  const folder = isDirectory ? path : path.slice(0, path.lastIndexOf("/")) || "/";
  const watcher = Deno.watchFs(folder, { recursive: isDirectory });
  const close = () => {
    try {
      watcher.close();
    } catch {
      // It has ended.
    }
  };
  const cancel = clock.after(LOOK_MS, close);
  signal.addEventListener("abort", close, { once: true });
  if (signal.aborted) close();
  try {
    for await (const { kind } of watcher) {
      if (kind !== "access") tell();
    }
  } finally {
    cancel();
    signal.removeEventListener("abort", close);
    close();
  }
}
