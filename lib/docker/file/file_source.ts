import { messageOf } from "../../core/values/message_of.ts";
import type { LabelPrefix } from "../../core/labels/label_parts.ts";
import type { Snapshot } from "../../core/snapshot/snapshot.ts";
import type { SourceStatus } from "../../core/status/source_status.ts";
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
  /** Of the last good snapshot. */
  #containers = 0;
  /** Why the file cannot be used; `undefined` where it can. */
  #trouble: string | undefined = "it was not read yet";

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
      kind: "snapshot",
      name: this.path,
      isConnected: this.#trouble === undefined,
      detail: this.#trouble ?? "snapshot file",
      containers: this.#containers,
    }];
  }

  async observe(): Promise<Snapshot> {
    let text: string;
    try {
      // Opening a pipe would block the whole program.
      if (!(await Deno.stat(this.path)).isFile) throw new Error("it is no regular file");
      text = await Deno.readTextFile(this.path);
    } catch (error) {
      throw this.#unusable(messageOf(error), `cannot read ${this.path}`);
    }
    const snapshot = decodeSnapshot(text, this.labelPrefix);
    if (snapshot.ok) {
      this.#containers = snapshot.value.containers.length;
      this.#trouble = undefined;
      return snapshot.value;
    }
    // The file may be half written. The end of the writing wakes the loop again.
    throw this.#unusable(`expected ${snapshot.expected}`, `cannot use ${this.path}`);
  }

  #unusable(why: string, message: string): SourceError {
    this.#trouble = why;
    this.report.tell({ kind: "snapshot-unreadable", source: this.path, why });
    return new SourceError(message);
  }
}
