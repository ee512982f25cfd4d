import type { ContainerId } from "../../core/values/names.ts";
import { type ContainerEvent, decodeEvent } from "../api/event.ts";
import { readJsonLines } from "../api/json_lines.ts";
import type { EngineConnection } from "./engine_connection.ts";
import { meaningOf } from "./event_meaning.ts";
import type { KnownContainers } from "./known_containers.ts";
import { STOPPING_LIMIT_MS } from "./stopping_containers.ts";
import type { StreamRecord } from "./stream_record.ts";

/** What EngineEvents work with. */
export type HearParts = {
  readonly known: KnownContainers;
  readonly stream: StreamRecord;
  /** A change is on its way. */
  readonly expect: () => void;
};

/** Hears the events of one connection to an engine: notes what each means, and wakes the loop. */
export class EngineEvents {
  constructor(readonly connection: EngineConnection, readonly parts: HearParts) {}

  /** Hears until the stream ends; throws where it is broken. */
  async hear(bytes: ReadableStream<Uint8Array>): Promise<void> {
    const { stream, known: { parts: { clock, report } } } = this.parts;
    for await (const json of readJsonLines(bytes, this.connection.signal)) {
      const since = clock.now();
      const event = stream.hear(decodeEvent(json));
      if (event === undefined) continue;
      report.debug("docker event", { action: event.action, container: event.id.slice(0, 12) });
      this.#act(event, since);
    }
  }

  #act(event: ContainerEvent, since: number): void {
    const { known, expect } = this.parts;
    const { engine, signal } = this.connection;
    const { id } = event;
    switch (meaningOf(event, known)) {
      case "ends":
        return this.#end(event, since);
      case "is-being-started":
        // More events follow. Until then the engine would not answer an inspect.
        known.starts.connected(engine, event, since, signal);
        return expect();
      case "was-created":
        return known.starts.created(engine, id, known.address, signal);
      case "was-removed":
        known.forget(id);
        known.starts.forget(id);
        known.order.outdate(id);
        return this.#wake([], since);
      case "got-a-signal":
        if (!known.containers.has(id)) known.stopping.hear(event);
        return;
      case "was-started":
        return this.#start(id, since);
      case "lost-an-address":
        known.distrust(id);
        return this.#change(id, since);
      case "changed":
        return this.#change(id, since);
      case "is-ending":
        return;
    }
  }

  /** An end needs no inspect, which the engine would answer only after it has cleaned up. */
  #end(event: ContainerEvent, since: number): void {
    const { known } = this.parts;
    const { signal } = this.connection;
    const { id, action } = event;
    const isOver = known.stopping.tell(event, since, signal);
    if (action === "die") known.starts.remember(known.containers.get(id));
    this.#wake([], since);
    void isOver.then(() => known.stopping.has(id) && known.wake({ reason: "docker", ids: new Set([id]) }));
    void known.parts.clock.sleep(STOPPING_LIMIT_MS, signal).then(() => known.expireStopping());
  }

  #start(id: ContainerId, since: number): void {
    const { known } = this.parts;
    known.stopping.delete(id);
    if (this.#trust(id, since)) return;
    known.distrust(id);
    this.#wake([id], since);
  }

  /** Uses at once what was prepared for a start. The inspect that confirms it follows. */
  #trust(id: ContainerId, since: number): boolean {
    const { known } = this.parts;
    const { engine, signal, abort } = this.connection;
    const container = known.starts.started(id);
    if (container === undefined) return false;
    const answer = known.starts.take(id).then((json) => json ?? engine.inspect(id, signal));
    known.containers.set(id, container);
    known.stale.delete(id);
    known.order.outdate(id);
    known.starts.forget(id);
    known.wake({ reason: "docker", ids: new Set(), since, settles: true });
    answer.then((json) => {
      const isNewest = known.containers.get(id) === container;
      if (isNewest) known.take(id, json);
      // A read under way may be older or newer than the start.
      known.wake({ reason: "docker", ids: new Set(isNewest ? [] : [id]), settles: true });
    }).catch(abort);
    return true;
  }

  /** Has a container read again: an inspect that was sent ahead does not cover this event. */
  #change(id: ContainerId, since: number): void {
    this.parts.known.starts.outdate(id);
    this.#wake([id], since);
  }

  #wake(ids: readonly ContainerId[], since: number): void {
    this.parts.known.wake({ reason: "docker", ids: new Set(ids), since });
  }
}
