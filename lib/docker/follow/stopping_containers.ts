import { messageOf } from "../../core/values/message_of.ts";
import type { ContainerId } from "../../core/values/names.ts";
import type { ContainerView } from "../../core/snapshot/snapshot.ts";
import type { Clock, Reporter, Wake } from "../../ports.ts";
import type { Engine } from "../api/connect.ts";
import { type ContainerEvent, decodeEvent, endsContainer } from "../api/event.ts";
import { readJsonLines } from "../api/json_lines.ts";
import { isDoneWithin } from "./read_limits.ts";

/** How long a container that was told to stop may live on before signalbox takes it that it stays, in milliseconds. */
export const STOPPING_LIMIT_MS = 60_000;
/** How long an engine may take after it has killed a container that did not stop in time, in milliseconds. */
const KILL_MS = 10_000;

/** How long an engine takes to clean up after a container, in milliseconds; signalbox inspects the container after that. */
const CLEAN_UP_MS = 300;
/** How long a container that ended keeps its place, in milliseconds: most restarts take less than a second. */
const KEPT_MS = 3_000;

/** How long signalbox waits for an engine's past events, in milliseconds; they come within 5. */
const RECALL_LIMIT_MS = 500;

/** How many signals to one container are remembered: the last ones. */
const MOST_SIGNALS = 8;

type Sent = { readonly killedBy: string; readonly at: number };

/** Containers that were told to stop, each with the moment at which signalbox heard of it, in milliseconds of the clock. */
export class StoppingContainers extends Map<ContainerId, number> {
  /** Signals to containers that are not read yet. */
  #recalled = new Map<ContainerId, readonly Sent[]>();
  /** Containers that ended, each with a mark of its own. */
  readonly #ended = new Map<ContainerId, object>();

  constructor(readonly clock: Clock) {
    super();
  }

  /** Notes that a container was told to stop, or ended; resolves when it is time to inspect it, or at the signal. */
  async tell({ id, action }: ContainerEvent, now: number, signal: AbortSignal): Promise<void> {
    this.set(id, now);
    if (action !== "die") return await this.clock.sleep(CLEAN_UP_MS, signal);
    const mark = {};
    this.#ended.set(id, mark);
    await this.clock.sleep(KEPT_MS, signal);
    if (this.#ended.get(id) === mark) this.#ended.delete(id);
  }

  /** Whether a container that does not run keeps its place: the host of a restart answers 503, not 404. */
  mayReturn(id: ContainerId): boolean {
    return this.#ended.has(id);
  }

  override delete(id: ContainerId): boolean {
    this.#ended.delete(id);
    this.#recalled.delete(id);
    return super.delete(id);
  }

  /** Forgets containers that live on for longer than they may (Config.StopTimeout); answers with them. */
  expire(containers: ReadonlyMap<ContainerId, ContainerView>): ContainerId[] {
    const now = this.clock.now();
    const expired = [...this].filter(([id, since]) => now - since >= limitMs(containers.get(id)));
    for (const [id] of expired) this.delete(id);
    return expired.map(([id]) => id);
  }

  /**
   * Reads the signals that the engine sent before signalbox followed its events: containers that were told to stop then
   * must get no traffic, and no later event will tell of it. The wait has a limit.
   */
  async recall(engine: Engine, report: Reporter, connection: AbortSignal): Promise<void> {
    const late = new AbortController();
    const reading = this.#read(engine, AbortSignal.any([connection, late.signal])).catch((error) =>
      report.debug(`cannot read the last signals: ${messageOf(error)}`)
    );
    await isDoneWithin(reading, RECALL_LIMIT_MS, this.clock);
    late.abort();
  }

  async #read(engine: Engine, signal: AbortSignal): Promise<void> {
    this.#recalled = new Map();
    for await (const json of readJsonLines(await engine.recentKills(signal), signal)) {
      const event = decodeEvent(json);
      if (event !== undefined) this.hear(event);
    }
  }

  /** Notes a signal to a container that is not read yet; its meaning depends on the container. */
  hear({ id, killedBy, at }: ContainerEvent): void {
    if (killedBy === undefined || at === undefined) return;
    this.#recalled.set(id, [...this.#recalled.get(id) ?? [], { killedBy, at }].slice(-MOST_SIGNALS));
  }

  /** Notes that a container which was just read was told to stop before that, and wakes the loop if this is news. */
  remember(container: ContainerView, wake: (wake: Wake) => void): void {
    const { id, stopSignal, startedAt } = container;
    const sent = this.#recalled.get(id)?.findLast(({ killedBy }) => endsContainer(killedBy, stopSignal));
    this.#recalled.delete(id);
    if (sent === undefined || this.has(id)) return;
    // Since its start, by the engine's own clock, and not too long ago by ours.
    const agoMs = Math.max(0, this.clock.date().getTime() - sent.at);
    if (sent.at <= Date.parse(startedAt) || agoMs >= limitMs(container)) return;
    this.set(id, this.clock.now() - agoMs);
    wake({ reason: "docker", ids: new Set(), settles: true });
  }
}

/** How long it may live on. */
const limitMs = (container: ContainerView | undefined): number =>
  Math.max(STOPPING_LIMIT_MS, (container?.stopTimeoutMs ?? 0) + KILL_MS);
