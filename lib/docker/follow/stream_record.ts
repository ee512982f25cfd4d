import type { Clock } from "../../ports.ts";
import type { ContainerEvent } from "../api/event.ts";
import type { EngineConnection } from "./engine_connection.ts";

/** How long after a list the event of a change may come that the list shows, in milliseconds. */
const LATE_MS = 2_000;

/**
 * An engine's stream of events: how often it was opened, and whether it is dead although it did not end. That shows when
 * the engine's lists show containers that came or went without an event. It is found once: where the next stream brings no
 * event either, the engine sends none.
 */
export class StreamRecord {
  #opened = 0;
  /** The containers of the last list; absent before the first list of a connection. */
  #listed: ReadonlySet<string> | undefined;
  /** The containers in events since the last list, and those between the two lists before. */
  #told = new Set<string>();
  #toldBefore: ReadonlySet<string> = new Set();
  #isKnownSilent = false;

  /** How often it was opened again. */
  get reconnects(): number {
    return Math.max(0, this.#opened - 1);
  }

  /** The stream was opened. */
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

  /** Takes the ids of a list. Ends the connection where no event, late ones included, explains a difference. */
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
