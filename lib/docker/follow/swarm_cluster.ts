import type { LabelPrefix } from "../../core/labels/label_parts.ts";
import type { SourceStatus } from "../../core/status/source_status.ts";
import { count } from "../../core/values/count.ts";
import { messageOf } from "../../core/values/message_of.ts";
import type { Clock, Reporter, Wake } from "../../ports.ts";
import { EngineError } from "../api/modem.ts";
import type { Manager, SwarmLink } from "./swarm_link.ts";
import { SwarmMemory } from "./swarm_memory.ts";

/**
 * How often tasks are read, in milliseconds, while something changes: a manager tells of an end that it plans 1.1 s before
 * the signal, and sends no event of it.
 */
const CHANGING_MS = 250;
/** How long after an event something may still change. */
const AFTER_EVENT_MS = 10_000;
/** How often they are read while nothing changes, by how many there are. */
const FEW_TASKS = 100;
const CALM_FEW_MS = 1_000;
const CALM_MANY_MS = 2_000;
/** A wait is at least so many times what the answer took, so that asking costs a manager 5 %, or 25 % for a while. */
const CALM_SHARE = 19;
const CHANGING_SHARE = 3;
/** How often services and nodes are read where no event asks for it. */
const ALL_MS = 60_000;
/** How soon a Swarm that none leads is read again. */
const RETRY_MS = 1_000;

/** What a cluster works with. */
export type ClusterParts = {
  /** All engines; those that manage this Swarm stand in for each other. */
  readonly links: () => readonly SwarmLink[];
  readonly labelPrefix: LabelPrefix | undefined;
  readonly clock: Clock;
  readonly report: Reporter;
  readonly wake: (wake: Wake) => void;
};

/** Asks the managers of one Swarm for what it does, more often while that changes. */
export class SwarmCluster {
  readonly memory: SwarmMemory;
  /** Resolves once it was read, or could not be. */
  readonly answered: Promise<void>;
  readonly #answered = Promise.withResolvers<void>();
  /** Why it cannot be read; empty where it can. */
  #trouble = "";
  #source = "";
  #isTold = false;
  readonly #ending = new AbortController();
  #changesUntil = -Infinity;
  #allReadAt = -Infinity;
  #isPoked = false;
  /** Of the tasks that were taken last. */
  #mark: string | undefined;
  #notify: () => void = () => undefined;

  constructor(readonly id: string, readonly parts: ClusterParts) {
    this.memory = new SwarmMemory(parts.labelPrefix);
    this.answered = this.#answered.promise;
  }

  /** An event of it came, or one of its managers. */
  poke(): void {
    this.#changesUntil = this.parts.clock.now() + AFTER_EVENT_MS;
    this.#isPoked = true;
    this.#notify();
  }

  /** Asks no more. */
  stop(): void {
    this.#ending.abort();
  }

  /** How it stands, for status. */
  describe(): SourceStatus {
    const { swarm: { nodes, services, tasks } } = this.memory;
    const ready = nodes.filter(({ state }) => state === "ready").length;
    const detail = this.#trouble ||
      `${ready} of ${count(nodes.length, "node")} ready, ${count(services.length, "service")}`;
    const running = tasks.filter(({ state }) => state === "running").length;
    return {
      kind: "swarm",
      name: this.#source,
      isConnected: this.#trouble === "",
      detail,
      containers: running,
    };
  }

  /** Asks until the signal. */
  async follow(until: AbortSignal): Promise<void> {
    const { clock } = this.parts;
    const signal = AbortSignal.any([until, this.#ending.signal]);
    while (!signal.aborted) {
      this.#isPoked = false;
      const since = clock.now();
      const isRead = await this.#readFromAny(since);
      this.#answered.resolve();
      const tookMs = clock.now() - since;
      await this.#pause(isRead ? this.#delayMs(tookMs) : RETRY_MS, signal);
    }
  }

  #delayMs(tookMs: number): number {
    const isChanging = this.parts.clock.now() < this.#changesUntil || !this.memory.isSettled;
    if (isChanging) return Math.max(CHANGING_MS, CHANGING_SHARE * tookMs);
    const few = this.memory.swarm.tasks.length <= FEW_TASKS;
    return Math.max(few ? CALM_FEW_MS : CALM_MANY_MS, CALM_SHARE * tookMs);
  }

  async #pause(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (this.#isPoked) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#notify = resolve;
    const waking = new AbortController();
    const ending = AbortSignal.any([signal, waking.signal]);
    await Promise.race([promise, this.parts.clock.sleep(milliseconds, ending)]);
    waking.abort();
  }

  /** Asks the managers one after the other, the last that answered first; answers whether one did. */
  async #readFromAny(since: number): Promise<boolean> {
    const { links, report, wake } = this.parts;
    const own = links().filter(({ role }) => role?.cluster === this.id);
    const first = own.find(({ parts: { url } }) => url === this.#source);
    let why = "none of its managers answers";
    for (const link of first === undefined ? own : [first, ...own.filter((each) => each !== first)]) {
      const { manager, parts: { url } } = link;
      this.#source ||= url;
      if (manager === undefined) continue;
      try {
        const isChanged = await this.#read(manager);
        this.#source = url;
        const { nodes, services } = this.memory.swarm;
        if (this.#trouble !== "" || !this.#isTold) {
          report.tell({ kind: "swarm-found", source: url, nodes: nodes.length, services: services.length });
        }
        this.#isTold = true;
        this.#trouble = "";
        if (isChanged) wake({ reason: "docker", ids: new Set(), since });
        return true;
      } catch (error) {
        why = messageOf(error);
        // It hangs, or is a manager no more.
        if (!(error instanceof EngineError) || error.statusCode !== 500) link.restart();
      }
    }
    if (this.#trouble === "") report.tell({ kind: "swarm-lost", source: this.#source, why });
    this.#trouble = why;
    return false;
  }

  async #read(manager: Manager): Promise<boolean> {
    const { signal } = manager;
    const now = this.parts.clock.now();
    const isAll = now < this.#changesUntil || now - this.#allReadAt >= ALL_MS;
    const { mark, tasks } = await manager.tasksUnless(this.#mark, signal);
    // Nothing has changed since the last read, and nobody wants more.
    if (tasks === undefined && !isAll && !this.memory.lacksWords) return false;
    // After the tasks, so that no task is of a service that is not known yet.
    const [services, nodes] = isAll
      ? await Promise.all([manager.services(signal), manager.nodes(signal)])
      : [undefined, undefined];
    if (isAll) this.#allReadAt = now;
    let isChanged = this.memory.take({ tasks, services, nodes });
    this.#mark = mark;
    if (!isAll && this.memory.lacksWords) {
      const [services, nodes] = await Promise.all([manager.services(signal), manager.nodes(signal)]);
      isChanged = this.memory.take({ tasks, services, nodes }) || isChanged;
    }
    return isChanged;
  }
}
