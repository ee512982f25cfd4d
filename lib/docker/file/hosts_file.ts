import type { SourceStatus } from "../../core/status/source_status.ts";
import { count } from "../../core/values/count.ts";
import { messageOf } from "../../core/values/message_of.ts";
import type { Notice } from "../../core/values/notice.ts";
import type { EngineHost, TlsSettings } from "../api/transport.ts";
import { decodeHosts, type HostsRead, LONGEST_HOSTS_FILE } from "./hosts_text.ts";

/** A file of engines: those that it names, and what is wrong with it now. */
export class HostsFile {
  /** The engines to follow. */
  hosts: readonly EngineHost[] = [];
  /** What is wrong with it, a notice for each line. */
  notices: readonly Notice[] = [];
  /** It may have changed since it was read. */
  isStale = true;
  /** Why it cannot be used at all; `undefined` where it can. */
  trouble: string | undefined;

  /** `others` are the engines of `--docker-host`; `tls` is for lines that name no files of their own. */
  constructor(readonly path: string, readonly tls: TlsSettings, readonly others: readonly string[]) {}

  /**
   * Reads the file, if it may have changed. One that cannot be used changes nothing. While a line of it cannot be used, no
   * engine goes: the line may mean any of those that are not in the file any more.
   */
  async read(): Promise<void> {
    if (!this.isStale) return;
    this.isStale = false;
    const read = await this.#decode();
    this.trouble = read.ok ? undefined : read.why;
    this.notices = read.ok
      ? read.mistakes.map(({ line, why }) => this.#notice(`line ${line}: ${why}`))
      : [this.#notice(`cannot use this file of engines, and keeps those that it read before: ${read.why}`)];
    if (!read.ok) return;
    const named = new Set(read.hosts.map(({ url }) => url));
    const kept = read.mistakes.length === 0 ? [] : this.hosts.filter(({ url }) => !named.has(url));
    this.hosts = [...read.hosts, ...kept];
  }

  /** How it stands, for status. */
  describe(): SourceStatus {
    const [first, ...more] = this.notices;
    const state = first === undefined ? { isConnected: true, detail: count(this.hosts.length, "engine") } : {
      isConnected: false,
      detail: `${this.trouble ?? first.message}${more.length > 0 ? `; and ${more.length} more` : ""}`,
    };
    return { kind: "engines", name: this.path, containers: 0, ...state };
  }

  #notice(message: string): Notice {
    return { severity: "warning", code: "bad-engines", subject: this.path, message };
  }

  async #decode(): Promise<HostsRead> {
    try {
      const { isFile, size } = await Deno.stat(this.path);
      // Opening a pipe would block the whole program.
      if (!isFile) return { ok: false, why: "it is no regular file" };
      if (size > LONGEST_HOSTS_FILE) {
        return { ok: false, why: `it has ${size} bytes, expected at most ${LONGEST_HOSTS_FILE}` };
      }
      const folder = this.path.slice(0, this.path.lastIndexOf("/"));
      return decodeHosts(await Deno.readTextFile(this.path), { folder, tls: this.tls, others: this.others });
    } catch (error) {
      return { ok: false, why: `${messageOf(error)}, expected a file with an engine a line` };
    }
  }
}
