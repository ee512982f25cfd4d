import { emptySnapshot, type Snapshot } from "../../core/snapshot/snapshot.ts";
import type { SourceStatus } from "../../core/status/source_status.ts";
import type { Clock, ContainerSource, SourceListener, Wake } from "../../ports.ts";
import type { RoutesFile } from "./routes_file.ts";
import { watchFile } from "./watched_file.ts";

/** How long nobody has written to a file that is read, in milliseconds. */
const QUIET_MS = 50;

/** A source of containers, and the routes of files beside them. */
export class RoutesSource implements ContainerSource {
  /** What the containers' own source said last. */
  #last: Snapshot | undefined;

  constructor(
    readonly source: ContainerSource,
    readonly files: readonly RoutesFile[],
    readonly clock: Clock,
  ) {}

  async follow(listener: SourceListener, signal: AbortSignal): Promise<void> {
    const watching = this.files.map((file) => this.#watch(file, listener, signal));
    await Promise.all([this.source.follow(listener, signal), ...watching]);
  }

  /** The first part of a file may be a right one too, with fewer routes: a file is read when nobody writes it any more. */
  async #watch(file: RoutesFile, { wake }: SourceListener, signal: AbortSignal): Promise<void> {
    let cancel = () => {};
    const tell = () => {
      cancel();
      cancel = this.clock.after(QUIET_MS, () => {
        file.isStale = true;
        wake({ reason: "docker", ids: new Set() });
      });
    };
    await watchFile(file.name.path, this.clock, tell, signal);
    cancel();
  }

  describe(): readonly SourceStatus[] {
    return [...this.source.describe(), ...this.files.map((file) => file.describe())];
  }

  /** The files' routes alone: what is known before an engine answers. */
  get initial(): Snapshot {
    return withRoutes(emptySnapshot, this.files);
  }

  async observe(wake: Wake, signal: AbortSignal): Promise<Snapshot> {
    // What is read again for everything is read again here too: not every file system tells of changes.
    if (wake.ids === undefined) { for (const file of this.files) file.isStale = true; }
    await Promise.all(this.files.map((file) => file.read()));
    try {
      this.#last = await this.source.observe(wake, signal);
    } catch (error) {
      // The routes of the files change while no engine answers, and its containers stay as they were.
      if (this.#last === undefined) throw error;
    }
    return withRoutes(this.#last, this.files);
  }
}

/** A snapshot with the routes of files, and with what is wrong with the files. */
export function withRoutes(snapshot: Snapshot, files: readonly RoutesFile[]): Snapshot {
  if (files.length === 0) return snapshot;
  return {
    ...snapshot,
    containers: [...files.flatMap(({ views }) => views), ...snapshot.containers],
    notices: [...snapshot.notices ?? [], ...files.flatMap(({ notice }) => notice ?? [])],
  };
}
