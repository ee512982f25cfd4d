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

/** How long after the engine's answer that was due with the start a `start` event is waited for, in milliseconds. */
const GRACE_MS = 300;

/** What starts are followed with. */
export type StartParts = {
  readonly isReachedDirectly: (container: ContainerView) => boolean;
  readonly clock: Clock;
  readonly report: Reporter;
  readonly wake: (wake: Wake) => void;
};

/** All that is done for a container while its engine is still starting it, so that little is left to do once it runs. */
export class StartPreparation {
  readonly #starting = new PendingStarts();
  readonly #early = new PrefetchedInspects();
  /** A network's answer is as long as its containers are many; of those that start together, few ask for it. */
  readonly #networks = new SharedReads();

  constructor(readonly parts: StartParts) {}

  /** Containers that are being started, as they will be. */
  get containers(): ReadonlyMap<ContainerId, ContainerView> {
    return this.#starting.views;
  }

  /** Reads a container that was just created: once its start is under way, the engine keeps an inspect waiting. */
  created(engine: Engine, id: ContainerId, address: EngineAddress | undefined, signal: AbortSignal): void {
    void this.#early.within(() => engine.inspect(id, signal)).then((json) => {
      const container = decodeContainer(json);
      if (!container.ok || container.value.status !== "created") return;
      this.remember({ ...container.value, engine: address });
    }).catch((error) => this.#logIgnored(error));
  }

  /** A network was connected to a container that does not run yet: it is being started, and has an address there. */
  connected(engine: Engine, event: ContainerEvent, since: number, signal: AbortSignal): void {
    if (event.at === undefined) return;
    const answer = this.#early.ask(event.id, event.at, () => engine.inspect(event.id, signal));
    this.#makeReady(engine, event, since, signal).catch((error) => this.#logIgnored(error));
    // A start that fails is followed by no event that tells so.
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

  /** A container as it is now that it was started, if it could be made ready for; its start's time is not known yet. */
  started(id: ContainerId): ContainerView | undefined {
    const container = this.#starting.views.get(id);
    return container === undefined ? undefined : { ...container, status: "running" };
  }

  /** The inspect that was asked for ahead, once; `undefined` where there is none that tells of the start. */
  async take(id: string): Promise<unknown> {
    return await this.#early.take(id);
  }

  /** A container, if it was known, does not run: it may be started again. */
  remember(container: ContainerView | undefined): void {
    // How one is reached that is not reached at its own address is known when it runs.
    if (container !== undefined && this.parts.isReachedDirectly(container)) {
      this.#starting.remember(container);
    }
  }

  /** Forgets the answer that was asked for ahead: something happened since. */
  outdate(id: ContainerId): void {
    this.#early.forget(id);
  }

  /** Forgets a container, or all. */
  forget(id?: ContainerId): void {
    this.#early.forget(id);
    this.#starting.forget(id);
  }

  /** Without what could not be read, the start takes as long as its inspect. */
  #logIgnored(error: unknown): void {
    this.parts.report.debug(`cannot prepare for a start: ${messageOf(error)}`);
  }
}
