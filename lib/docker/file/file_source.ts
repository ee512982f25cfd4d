import { messageOf } from "../../core/values/message_of.ts";
import type { Snapshot } from "../../core/snapshot/snapshot.ts";
import type { SourceStatus } from "../../core/status/status.ts";
import {
  type Clock,
  type ContainerSource,
  type Reporter,
  SourceError,
  type SourceListener,
  type Wake,
} from "../../ports.ts";
import { decodeSnapshot } from "./snapshot_file.ts";

/** When a watch that ended is begun again, in milliseconds. */
const AGAIN_MS = 1_000;

/** Containers of a snapshot file that is watched, in place of Docker. */
export class FileSource implements ContainerSource {
  #containers: number | undefined;

  constructor(readonly path: string, readonly clock: Clock, readonly report: Reporter) {}

  /** Follows until the signal. Where the folder is removed, watches the next folder of that name. */
  async follow({ wake }: Pick<SourceListener, "wake">, signal: AbortSignal): Promise<void> {
    wake({ reason: "start" });
    for (let opened = 0; !signal.aborted;) {
      try {
        await this.#watch(wake, signal, opened++ > 0);
      } catch {
        // There is no such folder now. Reading the file reports that.
      }
      await this.clock.sleep(AGAIN_MS, signal);
    }
  }

  async #watch(wake: (wake: Wake) => void, signal: AbortSignal, isAgain: boolean): Promise<void> {
    const slash = this.path.lastIndexOf("/");
    // The folder is watched: editors and `mv` put a new file in the place of the old one.
    const folder = slash < 0 ? "." : this.path.slice(0, slash) || "/";
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
    // The file may have changed between two watches.
    if (isAgain) wake({ reason: "docker" });
    const name = `/${this.path.slice(slash + 1)}`;
    try {
      if (await inodeOf(folder) !== inode) return;
      for await (const { kind, paths } of watcher) {
        if (kind === "access") continue;
        if (paths.some((path) => path.endsWith(name))) wake({ reason: "docker" });
        // Another folder has the name now: watch that one.
        if (paths.includes(folder) && await inodeOf(folder) !== inode) return;
      }
    } finally {
      signal.removeEventListener("abort", close);
      close();
    }
  }

  describe(): readonly SourceStatus[] {
    return [{
      name: this.path,
      isConnected: this.#containers !== undefined,
      detail: "snapshot file",
      containers: this.#containers ?? 0,
    }];
  }

  async observe(): Promise<Snapshot> {
    this.#containers = undefined;
    let text: string;
    try {
      // Opening a pipe would block the whole program.
      if (!(await Deno.stat(this.path)).isFile) throw new Error("it is no regular file");
      text = await Deno.readTextFile(this.path);
    } catch (error) {
      const why = messageOf(error);
      this.report.tell({ kind: "snapshot-unreadable", source: this.path, why });
      throw new SourceError(`cannot read ${this.path}`);
    }
    const snapshot = decodeSnapshot(text);
    if (snapshot.ok) {
      this.#containers = snapshot.value.containers.length;
      return snapshot.value;
    }
    // The file may be half written. The end of the writing wakes the loop again.
    this.report.tell({
      kind: "snapshot-unreadable",
      source: this.path,
      why: `expected ${snapshot.expected}`,
    });
    throw new SourceError(`cannot use ${this.path}`);
  }
}

const inodeOf = (path: string) => Deno.stat(path).then(({ ino }) => ino, () => undefined);
