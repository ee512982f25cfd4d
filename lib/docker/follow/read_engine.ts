import type { ContainerView } from "../../core/snapshot/snapshot.ts";
import type { ContainerId } from "../../core/values/names.ts";
import type { EngineConnection } from "./engine_connection.ts";
import { isKept } from "./keep_unlisted.ts";
import type { KnownContainers } from "./known_containers.ts";
import type { LateContainers } from "./late_containers.ts";
import { eachOf, INSPECT_LIMIT_MS, isDoneWithin, LIST_LIMIT_MS } from "./read_limits.ts";
import type { StreamRecord } from "./stream_record.ts";

/** What an engine's reads are noted in. */
export type ReadParts = {
  readonly known: KnownContainers;
  readonly late: LateContainers;
  readonly stream: StreamRecord;
  /** All containers were listed and read. */
  readonly onListed: () => void;
};

/** Reads containers by one connection to their engine. */
export class EngineReads {
  constructor(readonly connection: EngineConnection, readonly parts: ReadParts) {}

  /** Inspects these containers. For those about to end it only lists them, since the engine would not answer an inspect. */
  async some(ids: readonly string[]): Promise<void> {
    const { stopping } = this.parts.known;
    const [ending, others] = [
      ids.filter((id) => isIn(stopping, id)),
      ids.filter((id) => !isIn(stopping, id)),
    ];
    await this.#orLater(Promise.all([this.#askEnding(ending), this.#inspect(others)]), INSPECT_LIMIT_MS);
  }

  /** Reads a list, and inspects the containers that it shows to have changed, or all if `isFresh`. */
  async everything(isFresh: boolean): Promise<void> {
    const reading = this.#readList(isFresh);
    // Without any list before, there is nothing to go on with.
    await (this.parts.known.areListed ? this.#orLater(reading, LIST_LIMIT_MS) : reading);
  }

  /** Waits for inspects up to a limit. A late one does not delay the pass: it wakes another when it comes. */
  async #orLater(reading: Promise<unknown>, limitMs: number): Promise<void> {
    const { wake, parts: { clock } } = this.parts.known;
    if (await isDoneWithin(reading, limitMs, clock)) return;
    reading.then(() => wake({ reason: "docker", ids: new Set() }), this.connection.abort);
  }

  async #askEnding(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const { engine, signal } = this.connection;
    const { known } = this.parts;
    const running = await engine.running(ids, signal);
    for (const id of ids as ContainerId[]) {
      if (!running.has(id) && known.stopping.has(id) && !known.stopping.mayReturn(id)) known.forget(id);
    }
  }

  async #readList(isFresh: boolean): Promise<void> {
    const { known, late, stream, onListed } = this.parts;
    const { engine, signal } = this.connection;
    const listed = await engine.list(signal);
    known.parts.onList?.(listed.length);
    const ids = new Set<string>(listed.map(({ id }) => id));
    // Podman's events do not tell of all that its list shows.
    if (!engine.isPodman) void stream.compare(ids, known.parts.clock, this.connection);
    const missing = known.missingFrom(ids);
    const changed = listed.filter((entry) => isFresh || !known.isAsListed(entry)).map(({ id }) => id);
    await this.#inspect(changed, late.begin());
    await Promise.all(missing.map((container) => this.#checkMissing(container)));
    known.noteList(listed, (id) => late.has(id));
    late.end();
    onListed();
    known.expireStopping();
  }

  /** Removes a container that a list lacks, if the engine says that it stopped, or if it takes no connections. */
  async #checkMissing(container: ContainerView): Promise<void> {
    const { engine, signal } = this.connection;
    const { known } = this.parts;
    const ask = () => engine.inspect(container.id, signal);
    const { answer: json, isNewest } = await known.order.read(container.id, ask);
    if (!isNewest) return;
    if (json !== undefined) known.take(container.id, json);
    else if (!await isKept(container, known.containers.values(), known.parts)) known.forget(container.id);
  }

  async #inspect(ids: readonly string[], late?: LateContainers): Promise<void> {
    const { engine, signal } = this.connection;
    const { known } = this.parts;
    await eachOf(ids, async (id) => {
      const isRead = known.stale.beginReading(id as ContainerId);
      const ask = async () => await known.starts.take(id) ?? await engine.inspect(id, signal);
      try {
        const { answer, isNewest } = await known.order.read(id, ask);
        isRead();
        if (isNewest) known.take(id, answer);
      } catch (error) {
        if (late?.allows(id, error) !== true) throw error;
      }
    });
  }
}

const isIn = (containers: ReadonlyMap<ContainerId, unknown>, id: string) => containers.has(id as ContainerId);
