import type { ContainerId } from "../core/names.ts";
import type { ContainerView } from "../core/snapshot.ts";
import type { Clock, Reporter } from "../ports.ts";
import type { Engine } from "./connect.ts";
import { decodeEvent, endsContainer } from "./event.ts";
import { readJsonLines } from "./json_lines.ts";
import { isDoneWithin } from "./patience.ts";

/** How long a container that was told to stop may live on before it is believed to stay, in milliseconds. */
export const STOPPING_LIMIT_MS = 60_000;
/** How long an engine may take after it has killed one that did not stop in its time, in milliseconds. */
const KILL_MS = 10_000;

/** How long an engine's memory is waited for, in milliseconds; it answers within 5. */
const PATIENCE_MS = 500;

type RecallParts = { readonly clock: Clock; readonly report: Reporter };
type Sent = { readonly killedBy: string; readonly at: number };

/** Containers that were told to stop, each with the moment at which that was heard of, in milliseconds of the clock. */
export class StoppingContainers extends Map<ContainerId, number> {
  #recalled = new Map<ContainerId, Sent>();

  /** Forgets those that live on for too long, and that do not ask for more time (Config.StopTimeout); answers with them. */
  expire(now: number, containers: ReadonlyMap<ContainerId, ContainerView>): ContainerId[] {
    const expired = [...this].filter(([id, since]) => now - since >= limitMs(containers.get(id)));
    for (const [id] of expired) this.delete(id);
    return expired.map(([id]) => id);
  }

  /**
   * Reads which signals the engine sent before its events were followed: what was told to stop then must not get
   * traffic again, and no event will tell of it any more. An engine that does not answer is not waited for.
   */
  async recall(engine: Engine, { clock, report }: RecallParts, connection: AbortSignal): Promise<void> {
    const late = new AbortController();
    const reading = this.#read(engine, AbortSignal.any([connection, late.signal])).catch((error) =>
      report.debug(`cannot read the last signals: ${error instanceof Error ? error.message : error}`)
    );
    await isDoneWithin(reading, PATIENCE_MS, clock);
    late.abort();
  }

  async #read(engine: Engine, signal: AbortSignal): Promise<void> {
    this.#recalled = new Map();
    for await (const json of readJsonLines(await engine.recentKills(signal), signal)) {
      const event = decodeEvent(json);
      if (event?.killedBy === undefined || event.at === undefined) continue;
      this.#recalled.set(event.id, { killedBy: event.killedBy, at: event.at });
    }
  }

  /** Notes that a container which was just read for the first time was told to stop before that. */
  remember(container: ContainerView, now: number): void {
    const { id, stopSignal, startedAt } = container;
    const sent = this.#recalled.get(id);
    this.#recalled.delete(id);
    if (sent === undefined || this.has(id) || !endsContainer(sent.killedBy, stopSignal)) return;
    // Since its start, by the engine's own clock, and not too long ago by ours.
    const agoMs = Math.max(0, Date.now() - sent.at);
    if (sent.at > Date.parse(startedAt) && agoMs < limitMs(container)) this.set(id, now - agoMs);
  }
}

/** How long it may live on. */
const limitMs = (container: ContainerView | undefined): number =>
  Math.max(STOPPING_LIMIT_MS, (container?.stopTimeoutMs ?? 0) + KILL_MS);
