import { messageOf } from "../core/message_of.ts";
import type { ContainerId } from "../core/names.ts";
import type { Snapshot } from "../core/snapshot.ts";
import type { SourceStatus } from "../core/status.ts";
import { type ContainerSource, type Reporter, SourceError, type Wake } from "../ports.ts";
import { decodeSnapshot } from "./snapshot_file.ts";

/** Containers of a snapshot file that is watched, in place of Docker. */
export class FileSource implements ContainerSource {
  #containers: number | undefined;

  constructor(readonly path: string, readonly report: Reporter) {}

  async follow(wake: (wake: Wake) => void, signal: AbortSignal): Promise<void> {
    const slash = this.path.lastIndexOf("/");
    // The folder is watched: editors and `mv` put a new file in the place of the old one.
    const watcher = Deno.watchFs(slash < 0 ? "." : this.path.slice(0, slash) || "/", { recursive: false });
    signal.addEventListener("abort", () => watcher.close(), { once: true });
    wake({ reason: "start" });
    const name = this.path.slice(slash + 1);
    for await (const event of watcher) {
      if (event.kind === "access" || !event.paths.some((path) => path.endsWith(`/${name}`))) continue;
      wake({ reason: "docker" });
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

  stopping(): ReadonlySet<ContainerId> {
    return new Set();
  }

  async observe(): Promise<Snapshot> {
    this.#containers = undefined;
    let text: string;
    try {
      text = await Deno.readTextFile(this.path);
    } catch (error) {
      const why = messageOf(error);
      this.report.error(`cannot read the snapshot ${this.path}: ${why}; HAProxy goes on with what it has`);
      throw new SourceError(`cannot read ${this.path}`);
    }
    const snapshot = decodeSnapshot(text);
    if (snapshot.ok) {
      this.#containers = snapshot.value.containers.length;
      return snapshot.value;
    }
    // A file that is being written is read again when it is whole.
    this.report.error(
      `cannot use the snapshot ${this.path}: expected ${snapshot.expected}; HAProxy goes on with what it has`,
    );
    throw new SourceError(`cannot use ${this.path}`);
  }
}
