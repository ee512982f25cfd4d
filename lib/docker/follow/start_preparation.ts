import type { LabelPrefix } from "../../core/labels/label_parts.ts";
import { messageOf } from "../../core/values/message_of.ts";
import type { ContainerId } from "../../core/values/names.ts";
import type { ContainerView, EngineAddress } from "../../core/snapshot/snapshot.ts";
import type { Clock, Reporter, Wake } from "../../ports.ts";
import type { Engine } from "../api/connect.ts";
import { decodeAttachment, decodeContainer } from "../api/decode.ts";
import { PrefetchedInspects } from "./prefetched_inspects.ts";
import type { ContainerEvent } from "../api/event.ts";
import { SharedReads } from "../api/shared_reads.ts";
import { PendingStarts } from "./pending_starts.ts";

/** How long signalbox waits for the `start` event after the answer that comes with a start, in milliseconds. */
const GRACE_MS = 300;

/** What a StartPreparation works with. */
export type StartParts = {
  readonly labelPrefix?: LabelPrefix;
  readonly isReachedDirectly: (container: ContainerView) => boolean;
  readonly clock: Clock;
  readonly report: Reporter;
  readonly wake: (wake: Wake) => void;
};

/** Prepares the routing of containers that their engine is still starting, so that little is left to do once they run. */
export class StartPreparation {
  readonly #starting = new PendingStarts();
  readonly #early = new PrefetchedInspects();
  /** Containers that start together share reads of their network, whose answer grows with its number of containers. */
  readonly #networks = new SharedReads();

  constructor(readonly parts: StartParts) {}

  /** Containers that their engine starts, as they will be. */
  get containers(): ReadonlyMap<ContainerId, ContainerView> {
    return this.#starting.views;
  }

  /** Reads a container that was just created: once its start is under way, the engine keeps an inspect waiting. */
  created(engine: Engine, id: ContainerId, address: EngineAddress | undefined, signal: AbortSignal): void {
    void this.#early.within(() => engine.inspect(id, signal)).then((json) => {
      const container = decodeContainer(json, this.parts.labelPrefix);
      if (!container.ok || container.value.status !== "created") return;
      this.remember({ ...container.value, engine: address });
    }).catch((error) => this.#logIgnored(error));
  }

  /** A network was connected to a container that does not run yet: it is being started, and has an address there. */
  connected(engine: Engine, event: ContainerEvent, since: number, signal: AbortSignal): void {
    if (event.at === undefined) return;
    const answer = this.#early.ask(event.id, event.at, () => engine.inspect(event.id, signal));
    this.#makeReady(engine, event, since, signal).catch((error) => this.#logIgnored(error));
    // No event tells that a start has failed.
    void answer.then(() => this.parts.clock.sleep(GRACE_MS, signal))
      .then(() => {
        if (signal.aborted || !this.#starting.forget(event.id)) return;
        this.parts.wake({ reason: "docker", ids: new Set() });
      });
  }

  async #makeReady(engine: Engine, event: ContainerEvent, since: number, signal: AbortSignal): Promise<void> {
    const { network } = event;
    if (network === undefined || !this.#starting.knows(event.id)) return;
    const json = await this.#networks.read(network, () => engine.inspectNetwork(network, signal));
    const given = decodeAttachment(json, event.id);
    if (given === undefined) return;
    this.#starting.attach(event.id, given);
    this.parts.wake({ reason: "docker", ids: new Set(), since, settles: true });
  }

  /** A container that was just started, if its start was prepared; the time of the start is still unknown. */
  started(id: ContainerId): ContainerView | undefined {
    const container = this.#starting.views.get(id);
    return container === undefined ? undefined : { ...container, status: "running" };
  }

  /** The answer of the inspect that was sent ahead, once; `undefined` where there is none about this start. */
  async take(id: string): Promise<unknown> {
    return await this.#early.take(id);
  }

  /** A container does not run: remembers it, since it may be started again. */
  remember(container: ContainerView | undefined): void {
    // The way to a container that is not reached at its own address is known only when it runs.
    if (container !== undefined && this.parts.isReachedDirectly(container)) {
      this.#starting.remember(container);
    }
  }

  /** Forgets the answer of the inspect that was sent ahead: something has happened since. */
  outdate(id: ContainerId): void {
    this.#early.forget(id);
  }

  /** Forgets a container, or all. */
  forget(id?: ContainerId): void {
    this.#early.forget(id);
    this.#starting.forget(id);
  }

  /** A failure costs only time: the start then takes as long as its inspect. */
  #logIgnored(error: unknown): void {
    this.parts.report.debug(`cannot prepare for a start: ${messageOf(error)}`);
  }
}
