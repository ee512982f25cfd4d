import { type Backoff, backoffMs } from "../../core/policy/backoff.ts";
import type { OwnPlace } from "../../core/snapshot/swarm.ts";
import type { Chance, Clock } from "../../ports.ts";
import { connectEngine, type Engine } from "../api/connect.ts";
import { readJsonLines } from "../api/json_lines.ts";
import type { EngineTransport } from "../api/modem.ts";
import { decodeRole, type OwnInterface, readBridge, type SwarmRole } from "../api/read_swarm.ts";

/** How long an engine may take for an answer about its Swarm, in milliseconds: without a leader it takes 20 s to say so. */
const DEADLINE_MS = 5_000;
const RECONNECT: Backoff = { firstMs: 100, mostMs: 5_000 };
/** How often signalbox asks whether an engine has become a manager, in milliseconds. */
const ROLE_MS = 30_000;

/** What a link is made of. */
export type LinkParts = {
  readonly url: string;
  readonly openTransport: (signal: AbortSignal) => Promise<EngineTransport>;
  /** Whether the engine runs on this machine. */
  readonly findIsLocal: () => Promise<boolean>;
  readonly interfaces: () => readonly OwnInterface[];
  readonly clock: Clock;
  readonly chance: Chance;
};

/** A manager's engine, as long as it answers. */
export type Manager = Pick<Engine, "services" | "tasksUnless" | "nodes"> & { readonly signal: AbortSignal };

/** Asks one engine for its part in a Swarm, and hears what it tells as a manager. */
export class SwarmLink {
  /** Its part as it last said; `undefined` before it answered. */
  role: SwarmRole | undefined;
  /** It runs on this machine. */
  isLocal = false;
  /** Resolves once it has told its part, or has failed to. */
  readonly answered: Promise<void>;
  /** The addresses of its tasks on its machine's bridge, where that is this one. */
  bridge: OwnPlace["bridge"] = new Map();
  readonly #requested = new Set<string>();
  readonly #answered = Promise.withResolvers<void>();
  #engine: Engine | undefined;
  #connection = new AbortController();

  constructor(readonly parts: LinkParts) {
    this.answered = this.#answered.promise;
  }

  /** The engine, where it is a manager and answers. */
  get manager(): Manager | undefined {
    return this.role?.cluster === undefined || this.#engine === undefined
      ? undefined
      : { ...this.#engine, signal: this.#connection.signal };
  }

  /** Follows until the signal; `poke` hears that the engine's part may be another, or that its Swarm may have changed. */
  async follow(poke: () => void, signal: AbortSignal): Promise<void> {
    const { clock, chance, openTransport, findIsLocal } = this.parts;
    let failures = 0;
    while (!signal.aborted) {
      this.#connection = new AbortController();
      const ended = AbortSignal.any([signal, this.#connection.signal]);
      try {
        this.isLocal = await findIsLocal();
        this.#engine = await connectEngine(await openTransport(ended), clock, ended, DEADLINE_MS);
        await this.#watch(this.#engine, () => void (failures = 0), poke, ended);
      } catch {
        // Its EngineFollower tells of an engine that does not answer, the cluster of a Swarm that cannot be read.
      }
      this.#connection.abort();
      this.#engine?.close();
      this.#engine = undefined;
      this.#answered.resolve();
      if (!signal.aborted) await clock.sleep(backoffMs(++failures, RECONNECT, chance()), signal);
    }
  }

  /** Gives the connection up: it answers no question any more, or is a manager no more. */
  restart(): void {
    this.#connection.abort();
  }

  /** Reads the bridge where one of these containers is not on it as it was read; each is looked for once. */
  async lookFor(containers: Iterable<string>, signal: AbortSignal): Promise<void> {
    const fresh = [...containers].filter((id) => !this.#requested.has(id));
    if (!this.isLocal || this.#engine === undefined || fresh.length === 0) return;
    const bridge = await readBridge(this.#engine, this.parts.interfaces(), signal);
    for (const id of fresh) this.#requested.add(id);
    this.bridge = bridge;
  }

  async #watch(
    engine: Engine,
    onAnswer: () => void,
    poke: () => void,
    signal: AbortSignal,
  ): Promise<void> {
    for (;;) {
      const role = decodeRole(await engine.info(signal));
      onAnswer();
      const events = role.cluster === undefined ? undefined : await engine.swarmEvents(signal);
      const isSame = this.role?.nodeId === role.nodeId && this.role?.cluster === role.cluster;
      this.role = role;
      this.#answered.resolve();
      if (!isSame || role.cluster !== undefined) poke();
      if (events === undefined) {
        await this.parts.clock.sleep(ROLE_MS, signal);
        signal.throwIfAborted();
        continue;
      }
      for await (const _ of readJsonLines(events, signal)) poke();
      throw new Error("the event stream ended");
    }
  }
}
