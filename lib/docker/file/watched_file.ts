import type { Clock } from "../../ports.ts";

/** When a watch that ended is begun again, in milliseconds. */
const AGAIN_MS = 1_000;

/** What a watch tells: it has begun for the first time, or the file may have changed. */
export type Sight = "opened" | "changed";

/** Watches a file until the signal. Where its folder is removed, watches the next folder of that name. */
export async function watchFile(
  path: string,
  clock: Clock,
  tell: (sight: Sight) => void,
  signal: AbortSignal,
): Promise<void> {
  let first: Sight = "opened";
  while (!signal.aborted) {
    try {
      const sight = first;
      // The file may have changed between two watches.
      first = "changed";
      await watch(path, sight, tell, signal);
    } catch {
      // There is no such folder now. Reading the file reports that.
    }
    await clock.sleep(AGAIN_MS, signal);
  }
}

async function watch(
  path: string,
  first: Sight,
  tell: (sight: Sight) => void,
  signal: AbortSignal,
): Promise<void> {
  const slash = path.lastIndexOf("/");
  // The folder is watched: editors and `mv` put a new file in the place of the old one.
  const folder = slash < 0 ? "." : path.slice(0, slash) || "/";
  const inode = await inodeOf(folder);
  const watcher = Deno.watchFs(folder, { recursive: false });
  const close = () => {
    try {
      watcher.close();
    } catch {
      // It has ended.
    }
  };
  signal.addEventListener("abort", close, { once: true });
  if (signal.aborted) close();
  else tell(first);
  const name = `/${path.slice(slash + 1)}`;
  try {
    if (await inodeOf(folder) !== inode) return;
    for await (const { kind, paths } of watcher) {
      if (kind === "access") continue;
      if (paths.some((each) => each.endsWith(name))) tell("changed");
      // Another folder has the name now: watch that one.
      if (paths.includes(folder) && await inodeOf(folder) !== inode) return;
    }
  } finally {
    signal.removeEventListener("abort", close);
    close();
  }
}

const inodeOf = (path: string) => Deno.stat(path).then(({ ino }) => ino, () => undefined);
