import type { Clock } from "../../ports.ts";
import type { ContainerEvent } from "../api/event.ts";
import type { EngineConnection } from "./engine_connection.ts";

/** How long an event may come after the list that shows what it tells, in milliseconds. */
const LATE_MS = 2_000;

/**
 * What is known of an engine's stream of events: how often it was opened, and that it has died without an end where the
 * engine's lists go on and show containers that came or went without an event. The latter is found once: where no event
 * comes after that either, the engine sends none.
 */
export class StreamRecord {
  #opened = 0;
  /** The containers of the last list; absent before the first one of a connection. */
  #listed: ReadonlySet<string> | undefined;
  /** The containers that events have named since the last list, and between that one and the one before. */
  #told = new Set<string>();
  #toldBefore: ReadonlySet<string> = new Set();
  #isKnownSilent = false;

  /** How often it was opened again. */
  get reconnects(): number {
    return Math.max(0, this.#opened - 1);
  }

  /** It is opened. */
  open(): void {
    this.#opened++;
    this.#listed = undefined;
    this.#told.clear();
  }

  /** Hears an event, and hands it back. */
  hear(event: ContainerEvent | undefined): ContainerEvent | undefined {
    this.#isKnownSilent = false;
    if (event !== undefined) this.#told.add(event.id);
    return event;
  }

  /** Takes the ids of a list; ends the connection where no event tells of one, once late events have had their time. */
  async compare(
    ids: ReadonlySet<string>,
    clock: Clock,
    connection: Pick<EngineConnection, "signal" | "abort">,
  ): Promise<void> {
    const before = this.#listed;
    const toldBefore = this.#toldBefore;
    const told = this.#toldBefore = this.#told;
    this.#listed = ids;
    this.#told = new Set();
    if (before === undefined || this.#isKnownSilent) return;
    const changed = [...ids.symmetricDifference(before)].filter((id) => !told.has(id) && !toldBefore.has(id));
    if (changed.length === 0) return;
    await clock.sleep(LATE_MS, connection.signal);
    const untold = changed.find((id) => !this.#told.has(id));
    if (connection.signal.aborted || untold === undefined) return;
    this.#isKnownSilent = true;
    connection.abort(new Error(`its events have stopped: none told of container ${untold.slice(0, 12)}`));
  }
}
