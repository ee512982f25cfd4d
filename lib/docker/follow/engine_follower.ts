import { type Backoff, backoffMs } from "../../core/policy/backoff.ts";
import type { ContainerId } from "../../core/values/names.ts";
import type { ContainerView, EngineAddress } from "../../core/snapshot/snapshot.ts";
import type { SourceStatus } from "../../core/status/status.ts";
import type { Wake } from "../../ports.ts";
import { Complaint } from "./complaint.ts";
import { connectEngine, type Engine, type ListedContainer } from "../api/connect.ts";
import { decodeContainer } from "../api/decode.ts";
import { Doubts } from "./stale_addresses.ts";
import { decodeEvent, isEnding } from "../api/event.ts";
import { readJsonLines } from "../api/json_lines.ts";
import type { FollowerParts } from "./follower_parts.ts";
import { eachOf, INSPECT_LIMIT_MS, isDoneWithin, LIST_LIMIT_MS } from "./read_limits.ts";
import { StreamRecord } from "./stream_record.ts";
import { Starts } from "./start_preparation.ts";
import { LateContainers } from "./late_containers.ts";
import { STOPPING_LIMIT_MS, StoppingContainers } from "./stopping_containers.ts";
import { isKept } from "./keep_unlisted.ts";
import { Vigil } from "./outage_watch.ts";

const RECONNECT: Backoff = { firstMs: 100, mostMs: 5_000 };
/** A connection that lasted this long, in milliseconds, is followed by the shortest delay when it ends. */
const STEADY_MS = 5_000;

/** One engine: its connection, the containers that it last told of, and those that are about to stop. */
export class EngineFollower {
  readonly containers = new Map<ContainerId, ContainerView>();
  readonly stopping: StoppingContainers;
  readonly doubts = new Doubts();
  readonly #vigil: Vigil;
  readonly #prints = new Map<string, string>();
  readonly #late: LateContainers;
  readonly #stream = new StreamRecord();
  readonly starts: Starts;
  #engine: Engine | undefined;
  #connection = new AbortController();
  /** Aborts when the connection ends, or all of it does. */
  #ended = this.#connection.signal;
  readonly #complaint: Complaint;
  #hasListed = false;
  #wake: (wake: Wake) => void = () => undefined;
  #expect: () => void = () => undefined;
  #address: EngineAddress | undefined;

  constructor(readonly parts: FollowerParts) {
    this.stopping = new StoppingContainers(parts.clock);
    this.#complaint = new Complaint(parts.url, parts.report);
    this.#late = new LateContainers(parts.url, parts.report);
    this.starts = new Starts({ ...parts, wake: (wake) => this.#wake(wake) });
    this.#vigil = new Vigil(parts, this.containers, this.doubts, (wake) => this.#wake(wake));
  }

  /** Whether events are coming in. */
  get isConnected(): boolean {
    return this.#engine !== undefined;
  }

  /** How it stands, for status. */
  describe(): SourceStatus {
    const { containers, isConnected, parts: { url: name } } = this;
    const detail = this.#engine?.description ?? (this.#complaint.why || "connecting");
    return { name, isConnected, detail, containers: containers.size, reconnects: this.#stream.reconnects };
  }

  /** Follows the engine's events until the signal; connects again, with growing delays, whenever they end. */
  async follow(wake: (wake: Wake) => void, signal: AbortSignal, expect = () => {}): Promise<void> {
    this.#wake = wake;
    this.#expect = expect;
    let failures = 0;
    while (!signal.aborted) {
      let connectedAt = Infinity;
      this.#connection = new AbortController();
      const connection = this.#ended = AbortSignal.any([signal, this.#connection.signal]);
      try {
        this.#address = await this.parts.findAddress();
        const transport = await this.parts.openTransport(connection);
        const engine = await connectEngine(transport, this.parts.clock, connection, this.parts.deadlineMs);
        // Subscribed before anything is listed: a container that starts in between would be missed.
        const events = await engine.events(connection).catch((error) => {
          engine.close();
          throw error;
        });
        this.#engine = engine;
        this.#stream.open();
        this.#complaint.connected(engine.description);
        await this.stopping.recall(engine, this.parts.report, connection);
        connectedAt = this.parts.clock.now();
        this.#vigil.end();
        wake({ reason: "docker", isFresh: true });
        await this.#readEvents(engine, events, connection);
        throw new Error("the event stream ended");
      } catch (error) {
        const wasGivenUp = connection.aborted;
        this.#connection.abort(error);
        this.#drop();
        if (signal.aborted) return;
        this.#vigil.begin(signal);
        // One whose stream ends as soon as it begins is not connected to again at once.
        failures = this.parts.clock.now() - connectedAt > STEADY_MS ? 1 : failures + 1;
        // A stream that was given up ends without a word of why.
        this.#complaint.tell(wasGivenUp ? connection.reason : error);
        wake({ reason: "docker", ids: new Set() });
        await this.parts.clock.sleep(backoffMs(failures, RECONNECT, this.parts.chance()), signal);
      }
    }
  }

  /** Reads again what the wake names, or everything; throws when the engine does not answer. */
  async refresh(wake: Wake, signal: AbortSignal): Promise<void> {
    const engine = this.#engine;
    if (engine === undefined) throw new Error(`Docker at ${this.parts.url} does not answer`);
    try {
      // What is still being read when the pass goes on ends with the connection.
      if (wake.ids !== undefined) await this.#readSome(engine, [...wake.ids], this.#ended);
      else {
        const reading = this.#readEverything(engine, wake.isFresh === true, this.#ended);
        // What was never listed has nothing to go on with.
        await (this.#hasListed ? this.#orLater(reading, LIST_LIMIT_MS) : reading);
      }
    } catch (error) {
      // A connection that cannot answer a question will not bring events either.
      if (!signal.aborted) this.#connection.abort(error);
      throw error;
    }
  }

  async #readEvents(engine: Engine, bytes: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<void> {
    const { clock, report } = this.parts;
    for await (const json of readJsonLines(bytes, signal)) {
      const since = clock.now();
      const event = this.#stream.hear(decodeEvent(json));
      if (event === undefined) continue;
      report.debug("docker event", { action: event.action, container: event.id.slice(0, 12) });
      if (isEnding(event, this.containers.get(event.id))) {
        // What these say is known without an inspect, which the engine answers only once it has cleaned up.
        const isOver = this.stopping.tell(event, since, signal);
        if (event.action === "die") this.starts.remember(this.containers.get(event.id));
        this.#wake({ reason: "docker", ids: new Set(), since });
        const again = { reason: "docker", ids: new Set([event.id]) } as const;
        void isOver.then(() => this.stopping.has(event.id) && this.#wake(again));
        void clock.sleep(STOPPING_LIMIT_MS, signal).then(() => this.#expireStopping());
        continue;
      }
      // A container that is being started is heard of again; until then the engine keeps an inspect waiting.
      const isEarly = event.action === "connect" && !this.containers.has(event.id);
      // Of one that ends, what else happens to it is part of its end.
      const isPart = this.stopping.has(event.id) && event.action !== "start" && event.action !== "stop";
      if (event.action === "connect" && (isEarly || isPart)) {
        this.starts.connected(engine, event, since, signal);
        this.#expect();
      }
      if (event.action === "create") {
        this.starts.created(engine, event.id, this.#address, signal);
        continue;
      }
      if (event.action === "destroy") {
        this.#forget(event.id);
        this.starts.forget(event.id);
      }
      if (!this.containers.has(event.id)) this.stopping.hear(event);
      if (event.action === "kill" || isEarly || (isPart && event.action !== "destroy")) continue;
      if (event.action === "start") {
        this.stopping.delete(event.id);
        if (this.#trust(engine, event.id, since, signal)) continue;
        this.doubts.add(event.id, this.containers);
        // What comes after a start is not in the answer that came with it.
      } else this.starts.outdate(event.id);
      if (event.action === "disconnect") this.doubts.add(event.id, this.containers);
      this.#wake({ reason: "docker", ids: new Set(event.action === "destroy" ? [] : [event.id]), since });
    }
  }

  /** What was made ready for is used at once; the inspect that tells whether it is so comes after it. */
  #trust(engine: Engine, id: ContainerId, since: number, signal: AbortSignal): boolean {
    const container = this.starts.started(id);
    if (container === undefined) return false;
    const connection = this.#connection;
    const answer = this.starts.take(id).then((json) => json ?? engine.inspect(id, signal));
    this.containers.set(id, container);
    this.doubts.delete(id);
    this.starts.forget(id);
    this.#wake({ reason: "docker", ids: new Set(), since, mayComeInNumbers: true });
    answer.then((json) => {
      const isNewest = this.containers.get(id) === container;
      if (isNewest) this.#take(id, json);
      // What was read meanwhile may be older than the start, or newer.
      this.#wake({ reason: "docker", ids: new Set(isNewest ? [] : [id]), mayComeInNumbers: true });
    }).catch((error) => connection.abort(error));
    return true;
  }

  /** Containers that are about to end are only asked whether they run; others are inspected. */
  async #readSome(engine: Engine, ids: readonly string[], signal: AbortSignal): Promise<void> {
    const ending = ids.filter((id) => this.stopping.has(id as ContainerId));
    const others = ids.filter((id) => !this.stopping.has(id as ContainerId));
    const asked = ending.length === 0 ? Promise.resolve() : engine.running(ending, signal).then((running) => {
      for (const id of ending as ContainerId[]) {
        if (!running.has(id) && this.stopping.has(id) && !this.stopping.mayReturn(id)) this.#forget(id);
      }
    });
    await this.#orLater(Promise.all([asked, this.#inspectAll(engine, others, signal)]), INSPECT_LIMIT_MS);
  }

  /** What the engine holds up does not hold up the pass: when it comes, it wakes another one. */
  async #orLater(reading: Promise<unknown>, limitMs: number): Promise<void> {
    const connection = this.#connection;
    if (await isDoneWithin(reading, limitMs, this.parts.clock)) return;
    reading.then(
      () => this.#wake({ reason: "docker", ids: new Set() }),
      (error) => connection.abort(error),
    );
  }

  async #readEverything(engine: Engine, isFresh: boolean, signal: AbortSignal): Promise<void> {
    const listed = await engine.list(signal);
    const ids = new Set<string>(listed.map(({ id }) => id));
    void this.#stream.compare(ids, this.parts.clock, this.#connection);
    const isMissing = ({ id }: ContainerView) => !ids.has(id) && !this.stopping.mayReturn(id);
    const missing = [...this.containers.values()].filter(isMissing);
    const isChanged = ({ id, print }: ListedContainer) =>
      isFresh || this.#prints.get(id) !== print || this.doubts.has(id as ContainerId);
    const changed = listed.filter(isChanged).map(({ id }) => id);
    await this.#inspectAll(engine, changed, signal, this.#late.begin());
    await Promise.all(missing.map((container) => this.#checkMissing(engine, container, signal)));
    for (const { id, print } of listed) this.#prints.set(id, this.#late.has(id) ? "" : print);
    this.#late.end();
    this.#hasListed = true;
    this.#complaint.listed();
    this.#expireStopping();
  }

  /** A container that is no longer listed leaves if the engine says that it stopped, or if it does not answer. */
  async #checkMissing(engine: Engine, container: ContainerView, signal: AbortSignal): Promise<void> {
    const json = await engine.inspect(container.id, signal);
    if (json !== undefined) this.#take(container.id, json);
    else if (!await isKept(container, this.containers.values(), this.parts)) this.#forget(container.id);
  }

  async #inspectAll(engine: Engine, ids: readonly string[], signal: AbortSignal, late?: LateContainers) {
    await eachOf(ids, async (id) => {
      const isRead = this.doubts.ask(id as ContainerId);
      try {
        const json = await this.starts.take(id) ?? await engine.inspect(id, signal);
        isRead();
        this.#take(id, json);
      } catch (error) {
        if (late?.allows(id, error) !== true) throw error;
      }
    });
  }

  #take(id: string, json: unknown): void {
    if (json === undefined) return this.#forget(id as ContainerId);
    const container = decodeContainer(json);
    if (!container.ok) {
      this.parts.report.tell({
        kind: "container-unreadable",
        source: this.parts.url,
        container: id.slice(0, 12),
        why: `expected ${container.expected}`,
      });
      return this.#forget(id as ContainerId);
    }
    const { id: named, status } = container.value;
    const view = { ...container.value, engine: this.#address };
    if (status !== "running" && status !== "paused") {
      this.#forget(named);
      return this.starts.remember(view);
    }
    this.containers.set(named, view);
    this.starts.forget(named);
    this.stopping.remember(view, this.#wake);
  }

  #forget(id: ContainerId): void {
    this.starts.remember(this.containers.get(id));
    this.containers.delete(id);
    this.#prints.delete(id);
    this.stopping.delete(id);
    this.doubts.delete(id);
    this.starts.outdate(id);
  }

  /** What happened to those that live on was part of their end so far, so that they are read again. */
  #expireStopping(): void {
    const expired = this.stopping.expire(this.containers);
    for (const id of expired) {
      const container = this.containers.get(id)?.name ?? id.slice(0, 12);
      this.parts.report.tell({ kind: "container-survived", container });
      this.doubts.add(id, this.containers);
    }
    if (expired.length > 0) this.#wake({ reason: "docker", ids: new Set(expired) });
  }

  #drop(): void {
    this.starts.forget();
    this.#engine?.close();
    this.#engine = undefined;
  }
}
