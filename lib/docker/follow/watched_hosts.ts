import type { SourceStatus } from "../../core/status/source_status.ts";
import type { Notice } from "../../core/values/notice.ts";
import type { Clock, Wake } from "../../ports.ts";
import type { EngineHost } from "../api/transport.ts";
import type { HostsFile } from "../file/hosts_file.ts";
import { watchFile } from "../file/watched_file.ts";
import type { FollowedEngines } from "./followed_engines.ts";

/** How long nobody has written to the file before it is read, in milliseconds: a slow writer's first lines are not all. */
const QUIET_MS = 500;

/** What the watch of a file of engines works with. */
export type WatchParts = {
  readonly file: HostsFile;
  /** The engines that are followed whatever the file says. */
  readonly others: readonly EngineHost[];
  readonly clock: Clock;
};

/** A file of engines that is watched: the engines that it names are followed, and no others. */
export class WatchedHosts {
  /** It was changed a moment ago. */
  #isBeingWritten = false;

  constructor(readonly parts: WatchParts) {}

  /** What is wrong with the file. */
  get notices(): readonly Notice[] {
    return this.parts.file.notices;
  }

  /** How the file stands, for status. */
  describe(): readonly SourceStatus[] {
    return [this.parts.file.describe()];
  }

  /** Watches until the signal, and wakes the loop when the file has changed. */
  async follow(wake: (wake: Wake) => void, signal: AbortSignal): Promise<void> {
    const { file, clock } = this.parts;
    let cancel = () => {};
    const tell = () => {
      cancel();
      this.#isBeingWritten = true;
      cancel = clock.after(QUIET_MS, () => {
        this.#isBeingWritten = false;
        file.isStale = true;
        wake({ reason: "docker", ids: new Set() });
      });
    };
    await watchFile(file.path, clock, tell, signal);
    cancel();
  }

  /** Reads the file, if it may have changed, and has the engines followed that it names. */
  async read(engines: FollowedEngines, wake: Wake): Promise<void> {
    const { file, others } = this.parts;
    // What is read again for everything is read again here too: not every file system tells of changes.
    if (wake.ids === undefined) file.isStale = true;
    if (this.#isBeingWritten) return;
    await file.read();
    engines.change([...others, ...file.hosts]);
  }
}
