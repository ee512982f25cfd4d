import { type Backoff, backoffMs } from "../../core/policy/backoff.ts";
import type { ContainerId } from "../../core/values/names.ts";
import type { ContainerView, Rootless } from "../../core/snapshot/snapshot.ts";
import type { SourceStatus } from "../../core/status/source_status.ts";
import type { Wake } from "../../ports.ts";
import { connectEngine, type Engine } from "../api/connect.ts";
import { readRootless } from "../api/rootless.ts";
import { Complaint } from "./complaint.ts";
import type { EngineConnection } from "./engine_connection.ts";
import type { FollowerParts } from "./follower_parts.ts";
import { EngineEvents } from "./hear_events.ts";
import { KnownContainers } from "./known_containers.ts";
import { LateContainers } from "./late_containers.ts";
import { OutageWatch } from "./outage_watch.ts";
import { watchAnswers, watchList } from "./pulse.ts";
import { EngineReads } from "./read_engine.ts";
import { isDoneWithin } from "./read_limits.ts";
import { StreamRecord } from "./stream_record.ts";

const RECONNECT: Backoff = { firstMs: 100, mostMs: 5_000 };
/** A connection that lasted this long, in milliseconds, is followed by the shortest delay when it ends. */
const STEADY_MS = 5_000;
/** How long an engine may take to say whether it has root, in milliseconds; after that its word counts when it comes. */
const INFO_LIMIT_MS = 1_000;

/** Follows one engine: connects, hears its events, reads what the loop asks for, and connects again. */
export class EngineFollower {
  readonly known: KnownContainers;
  readonly #outage: OutageWatch;
  readonly #late: LateContainers;
  readonly #stream = new StreamRecord();
  readonly #complaint: Complaint;
  #connection: EngineConnection | undefined;
  #hasFailed = false;
  #wake: (wake: Wake) => void = () => undefined;

  constructor(readonly parts: FollowerParts) {
    this.#complaint = new Complaint(parts.url, parts.report);
    this.#late = new LateContainers(parts.url, parts.report);
    this.known = new KnownContainers(parts, (wake) => this.#wake(wake));
    this.#outage = new OutageWatch(this.known);
  }

  /** Whether events are coming in. */
  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  /** Whether it has listed its containers once, or has failed to. */
  get isHeard(): boolean {
    return this.known.areListed || this.#hasFailed;
  }

  /** The containers that run, as the engine last told. */
  get containers(): ReadonlyMap<ContainerId, ContainerView> {
    return this.known.containers;
  }

  /** How it stands, for status. */
  describe(): SourceStatus {
    const { containers, isConnected, parts: { url: name } } = this;
    const detail = this.#connection?.engine.description ?? (this.#complaint.why || "connecting");
    return { name, isConnected, detail, containers: containers.size, reconnects: this.#stream.reconnects };
  }

  /** Follows the engine's events until the signal; connects again, with growing delays, whenever they end. */
  async follow(wake: (wake: Wake) => void, signal: AbortSignal, expect = () => {}): Promise<void> {
    const { clock, chance } = this.parts;
    this.#wake = wake;
    let failures = 0;
    while (!signal.aborted) {
      const controller = new AbortController();
      const ended = AbortSignal.any([signal, controller.signal]);
      let connectedAt = Infinity;
      try {
        const { connection, events } = await this.#connect(ended, (why) => controller.abort(why));
        connectedAt = clock.now();
        this.#outage.end();
        wake({ reason: "docker", isFresh: true });
        await new EngineEvents(connection, { known: this.known, stream: this.#stream, expect }).hear(events);
        throw new Error("the event stream ended");
      } catch (error) {
        const wasGivenUp = ended.aborted;
        controller.abort(error);
        this.#hasFailed = true;
        this.#drop();
        if (signal.aborted) return;
        this.#outage.begin(signal);
        // One whose stream ends as soon as it begins is not connected to again at once.
        failures = clock.now() - connectedAt > STEADY_MS ? 1 : failures + 1;
        // A stream that was given up ends without a word of why.
        this.#complaint.tell(wasGivenUp ? ended.reason : error);
        wake({ reason: "docker", ids: new Set() });
        await clock.sleep(backoffMs(failures, RECONNECT, chance()), signal);
      }
    }
  }

  /** Reads again what the wake names, or everything; throws when the engine does not answer. */
  async refresh(wake: Wake, signal: AbortSignal): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) throw new Error(`Docker at ${this.parts.url} does not answer`);
    const reads = new EngineReads(connection, {
      known: this.known,
      late: this.#late,
      stream: this.#stream,
      onListed: () => this.#complaint.listed(),
    });
    try {
      // What is still being read when the pass goes on ends with the connection.
      await (wake.ids === undefined ? reads.everything(wake.isFresh === true) : reads.some([...wake.ids]));
    } catch (error) {
      // A connection that cannot answer a question will not bring events either.
      if (!signal.aborted) connection.abort(error);
      throw error;
    }
  }

  /** Connects, and reads what the engine remembers of signals that were sent before. */
  async #connect(signal: AbortSignal, abort: (why: unknown) => void) {
    const { clock, deadlineMs, report } = this.parts;
    const engine = await connectEngine(await this.parts.openTransport(signal), clock, signal, deadlineMs);
    // Subscribed before anything is listed: a container that starts in between would be missed.
    const [events] = await Promise.all([
      engine.events(signal),
      this.#findAddress(engine, signal),
    ]).catch((error) => {
      engine.close();
      throw error;
    });
    const connection = this.#connection = { engine, signal, abort };
    this.#stream.open();
    this.#complaint.connected(engine.description);
    await this.known.stopping.recall(engine, report, signal);
    // What ssh forwards has a socket here, and an engine elsewhere.
    if (!this.parts.url.startsWith("unix:")) void watchAnswers(connection, this.known);
    if (engine.isPodman) void watchList(connection, this.known);
    return { connection, events };
  }

  /** Without root or not: a manager whose Swarm nobody leads takes 20 s to say so, and is not waited for. */
  async #findAddress(engine: Engine, signal: AbortSignal): Promise<void> {
    const { clock, findAddress } = this.parts;
    const told = readRootless(engine, signal).catch(() => undefined);
    let rootless: Rootless | undefined;
    const isInTime = await isDoneWithin(told.then((said) => rootless = said), INFO_LIMIT_MS, clock);
    this.known.address = await findAddress(rootless);
    if (isInTime) return;
    void told.then(async (late) => {
      if (late === undefined || signal.aborted) return;
      this.known.address = await findAddress(late);
      this.#wake({ reason: "docker", isFresh: true });
    }).catch(() => undefined);
  }

  #drop(): void {
    this.known.starts.forget();
    this.#connection?.engine.close();
    this.#connection = undefined;
  }
}
