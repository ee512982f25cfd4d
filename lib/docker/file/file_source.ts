import { messageOf } from "../../core/values/message_of.ts";
import type { LabelPrefix } from "../../core/labels/label_parts.ts";
import type { Snapshot } from "../../core/snapshot/snapshot.ts";
import type { SourceStatus } from "../../core/status/status.ts";
import {
  type Clock,
  type ContainerSource,
  type Reporter,
  SourceError,
  type SourceListener,
} from "../../ports.ts";
import { decodeSnapshot } from "./snapshot_file.ts";
import { type Sight, watchFile } from "./watched_file.ts";

/** Containers of a snapshot file that is watched, in place of Docker. */
export class FileSource implements ContainerSource {
  #containers: number | undefined;

  constructor(
    readonly path: string,
    readonly clock: Clock,
    readonly report: Reporter,
    readonly labelPrefix?: LabelPrefix,
  ) {}

  /** Follows until the signal. */
  async follow({ wake }: Pick<SourceListener, "wake">, signal: AbortSignal): Promise<void> {
    wake({ reason: "start" });
    const tell = (sight: Sight) => {
      // It is read for the start.
      if (sight === "changed") wake({ reason: "docker" });
    };
    await watchFile(this.path, this.clock, tell, signal);
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
    const snapshot = decodeSnapshot(text, this.labelPrefix);
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
