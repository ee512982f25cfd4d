import { messageOf } from "../../core/values/message_of.ts";
import type { Reporter } from "../../ports.ts";
import type { WriterSettings } from "./config_writer.ts";
import { inFolderOf } from "./trusted_path.ts";
import { writeFile } from "./safe_files.ts";

/** What a running HAProxy leaves on the disk beside its files: its sockets, and the pid of its master. */
export class Traces {
  #told: number | undefined;
  #listening: number | undefined;

  constructor(
    readonly sockets: () => Promise<readonly string[]>,
    readonly settings: Pick<WriterSettings, "pidFile" | "pidCopy" | "listeners" | "process">,
    readonly report: Reporter,
  ) {}

  /** A master serves. */
  serves(pid: number | undefined): void {
    const { listeners } = this.settings;
    if (listeners !== undefined && pid !== this.#listening) {
      this.report.tell({ kind: "haproxy-listening", listeners });
    }
    this.#listening = pid;
    this.tell(pid);
  }

  /** Writes the master's pid. HAProxy itself, as root, would replace whatever lies there, through any link. */
  tell(pid: number | undefined): void {
    const { pidCopy } = this.settings;
    if (pidCopy === undefined || pid === undefined || pid === this.#told) return;
    this.#told = pid;
    try {
      writeFile(pidCopy, `${pid}\n`, "folders");
    } catch (error) {
      this.report.tell({ kind: "pid-file-failed", path: pidCopy, why: messageOf(error) });
    }
  }

  /** Removes all of it, once HAProxy has ended. */
  async remove(): Promise<void> {
    const { pidFile, pidCopy, process: { metricsSocket } } = this.settings;
    const files = [...await this.sockets(), pidFile, ...(metricsSocket === undefined ? [] : [metricsSocket])];
    await Promise.all(files.map((path) => Deno.remove(path).catch(() => undefined)));
    if (pidCopy === undefined) return;
    try {
      inFolderOf(pidCopy, "folders", (name) => Deno.removeSync(name));
    } catch {
      // It is gone already.
    }
  }
}
