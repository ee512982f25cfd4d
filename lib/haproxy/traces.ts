import { messageOf } from "../core/message_of.ts";
import type { Reporter } from "../ports.ts";
import { inFolderOf } from "./trusted_path.ts";
import { writeFile } from "./safe_files.ts";

/** What a running HAProxy leaves on the disk beside what it loads: its sockets, and the pid of its master. */
export class Traces {
  #told: number | undefined;

  /**
   * `pidCopy` is the file of `--pid-file`. We write it, since HAProxy as root would remove and make anew whatever lies
   * there, through any link; HAProxy's own is among `files`, which are in the state directory.
   */
  constructor(
    readonly files: readonly (string | undefined)[],
    readonly pidCopy: string | undefined,
    readonly report: Reporter,
  ) {}

  /** Tells the master's pid, once it serves. */
  tell(pid: number | undefined): void {
    if (this.pidCopy === undefined || pid === undefined || pid === this.#told) return;
    this.#told = pid;
    try {
      writeFile(this.pidCopy, `${pid}\n`, "folders");
    } catch (error) {
      this.report.error(`cannot write --pid-file ${this.pidCopy}: ${messageOf(error)}`);
    }
  }

  /** Removes all, once it has ended. */
  async remove(): Promise<void> {
    await Promise.all(this.files.map((path) => path && Deno.remove(path).catch(() => undefined)));
    if (this.pidCopy === undefined) return;
    try {
      inFolderOf(this.pidCopy, "folders", (name) => Deno.removeSync(name));
    } catch {
      // It is gone already.
    }
  }
}
