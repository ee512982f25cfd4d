import type { Statistics } from "../core/runtime/statistics.ts";
import type { LabelPrefix } from "../core/labels/label_parts.ts";
import type { History } from "../core/status/history.ts";
import { Latencies } from "../core/status/latencies.ts";
import type { LiveMessageName, LiveMessages } from "../core/status/live_messages.ts";
import { type Loads, loadsBetween, type Sample } from "../core/status/loads.ts";
import { changeOf, type PictureLists } from "../core/status/picture.ts";
import { PictureMemory } from "../core/status/picture_memory.ts";
import { serverReader, type ServerReport } from "../core/status/server_status.ts";
import type { LoopState, StatusFacts } from "../core/status/status.ts";
import type { ServerName } from "../core/values/names.ts";
import type { Clock } from "../ports.ts";
import { eventText } from "./event_stream.ts";

/** What a live picture is drawn from: the published state, and what is read of HAProxy while somebody looks. */
export type LiveParts = {
  readonly clock: Clock;
  readonly state: () => LoopState;
  readonly facts: () => Promise<StatusFacts>;
  /** Absent where HAProxy has no counters for us. */
  readonly statistics?: (() => Promise<Statistics>) | undefined;
  /** The spare that serves a backend. */
  readonly bindings: () => ReadonlyMap<string, string>;
  readonly history: History;
  readonly prefix: LabelPrefix | undefined;
  /** Lets the access log be heard, where it has every request; what it returns ends that. */
  readonly followRequests?: ((hear: (lines: readonly string[]) => void) => () => void) | undefined;
};

/** Who looks, and what is sent to them: texts of `eventText`. */
export type Viewer = { readonly hear: (text: string) => void };

/** How many may look at once: connections are left for health checks and metrics. */
const MOST_VIEWERS = 24;
/** The first pause between two looks at HAProxy's counters, and later ones at least, in milliseconds. */
const FIRST_LOOK_MS = 1_000;
const LOOK_MS = 2_000;
/**
 * A look that takes long is rare: all of them take a fiftieth of the time. On a machine that is busy with other things, a look
 * takes longer than it costs: who looks waits so many milliseconds at most.
 */
const SHARE = 50;
const MOST_PAUSE_MS = 10_000;
/** Changes that follow each other at once are drawn together, in milliseconds; more of them where drawing takes longer. */
const DRAW_MS = 10;
/** Without another message for so long, the connection is told to live, in milliseconds. */
const BEAT_MS = 5_000;
/** With more routes than these, who comes sees so many of them first: more than a large screen has. */
const FIRST_ROWS = 60;
/** Events of the past that a new viewer hears. */
const MOST_EVENTS = 200;

/** The live picture: drawn, and HAProxy read, only while somebody looks. */
export class LiveView {
  readonly #viewers = new Set<Viewer>();
  /** Those of them who have the first rows alone, and hear nothing else until they have the whole picture. */
  readonly #coming = new Set<Viewer>();
  readonly #memory: PictureMemory;
  #lists: PictureLists | undefined;
  #facts = "";
  #haproxy: StatusFacts["haproxy"] | undefined;
  #reported: ReadonlyMap<ServerName, ServerReport> = new Map();
  #sample: Sample | undefined;
  #loads: Loads | null = null;
  #latencies: Latencies | undefined;
  #drawing: (() => void) | undefined;
  /** How long the last drawing took, in milliseconds. */
  #drawnMs = 0;
  #beating: (() => void) | undefined;
  /** Ends what goes on while somebody looks. */
  #watch: AbortController | undefined;

  constructor(readonly parts: LiveParts) {
    this.#memory = new PictureMemory(parts.prefix);
  }

  /** Lets somebody look from now on, who knows the events up to an id; `undefined` where too many do already. */
  join(viewer: Viewer, lastId: number | undefined): (() => void) | undefined {
    if (this.#viewers.size >= MOST_VIEWERS) return undefined;
    if (this.#viewers.size === 0) this.#begin();
    this.#viewers.add(viewer);
    const { built } = this.parts.state();
    let cancel = () => {};
    if ((built?.model.routes.length ?? 0) <= FIRST_ROWS) this.#welcome(viewer, lastId);
    else {
      // A picture of thousands takes a while to draw, to send and to read: what is in sight comes ahead of it.
      viewer.hear(eventText("first", this.#memory.drawFirst(built, this.#reader(), FIRST_ROWS)));
      this.#coming.add(viewer);
      cancel = this.parts.clock.after(DRAW_MS, () => this.#welcome(viewer, lastId));
    }
    return () => {
      cancel();
      this.#coming.delete(viewer);
      if (this.#viewers.delete(viewer) && this.#viewers.size === 0) this.#end();
    };
  }

  /** Tells all that there is to somebody who knows the events up to an id. */
  #welcome(viewer: Viewer, lastId: number | undefined): void {
    this.#coming.delete(viewer);
    const say = <Name extends LiveMessageName>(name: Name, data: LiveMessages[Name], id?: number) =>
      viewer.hear(eventText(name, data, id));
    const { containers, ...shown } = this.#lists ?? this.#draw();
    // What a search goes by is as much again, and comes behind what is shown first.
    say("picture", { ...shown, containers: [] });
    say("change", { containers: { put: containers, drop: [] } });
    if (this.#facts !== "") viewer.hear(this.#facts);
    if (this.#haproxy !== undefined) say("haproxy", this.#haproxy);
    if (this.#loads !== null || this.parts.statistics === undefined) say("loads", this.#loads);
    const { events, isWhole } = this.parts.history.since(lastId ?? 0);
    if (lastId !== undefined && !isWhole) say("gap", null);
    const told = lastId === undefined ? events.slice(-MOST_EVENTS) : events;
    if (told.length > 0) say("told", told, told.at(-1)?.id);
  }

  /** The published state may have changed. */
  publish(): void {
    if (this.#watch === undefined) return;
    // Whom commands held back when HAProxy was read last, they may have let go since.
    this.#reported = new Map([...this.#reported].filter(([, { isReady }]) => isReady));
    if (this.#drawing !== undefined) return;
    this.#drawing = this.parts.clock.after(Math.max(DRAW_MS, this.#drawnMs), () => {
      this.#drawing = undefined;
      const begin = this.parts.clock.now();
      this.#redraw();
      this.#drawnMs = this.parts.clock.now() - begin;
    });
  }

  #begin(): void {
    const watch = this.#watch = new AbortController();
    const forget = this.parts.history.follow((event) => this.#tell("told", [event], event.id));
    watch.signal.addEventListener("abort", forget, { once: true });
    const { followRequests } = this.parts;
    if (followRequests !== undefined) {
      const latencies = this.#latencies = new Latencies();
      watch.signal.addEventListener("abort", followRequests((lines) => latencies.note(lines)), {
        once: true,
      });
    }
    this.#beat();
    void this.#look(watch.signal);
  }

  #end(): void {
    this.#watch?.abort();
    this.#watch = undefined;
    this.#drawing?.();
    this.#drawing = undefined;
    this.#beating?.();
    this.#lists = undefined;
    this.#memory.forget();
    this.#facts = "";
    this.#haproxy = undefined;
    this.#reported = new Map();
    this.#sample = undefined;
    this.#loads = null;
  }

  #tell<Name extends LiveMessageName>(name: Name, data: LiveMessages[Name], id?: number): void {
    this.#send(eventText(name, data, id));
  }

  #send(text: string): void {
    this.#viewers.forEach((viewer) => this.#coming.has(viewer) || viewer.hear(text));
    this.#beat();
  }

  #beat(): void {
    this.#beating?.();
    this.#beating = this.parts.clock.after(BEAT_MS, () => this.#tell("beat", null));
  }

  /** Looks at HAProxy again and again, until nobody looks at the picture. */
  async #look(signal: AbortSignal): Promise<void> {
    const { clock } = this.parts;
    for (let pauseMs = FIRST_LOOK_MS; !signal.aborted; pauseMs = LOOK_MS) {
      const begin = clock.now();
      await this.#lookOnce(signal).catch(() => undefined);
      const tookMs = clock.now() - begin;
      await clock.sleep(Math.min(Math.max(pauseMs, tookMs * SHARE), MOST_PAUSE_MS), signal);
    }
  }

  async #lookOnce(signal: AbortSignal): Promise<void> {
    const [facts] = await Promise.all([this.parts.facts(), this.#count(signal)]);
    if (signal.aborted) return;
    const { haproxy, ...others } = facts;
    const text = eventText("facts", others);
    if (text !== this.#facts) this.#send(text);
    this.#facts = text;
    this.#haproxy = haproxy;
    this.#tell("haproxy", haproxy);
    this.#redraw();
  }

  async #count(signal: AbortSignal): Promise<void> {
    const { statistics, bindings, clock } = this.parts;
    if (statistics === undefined) return;
    const found = await statistics().catch(() => undefined);
    if (signal.aborted) return;
    const before = this.#sample;
    this.#sample = found && { atMs: clock.now(), at: clock.date().toISOString(), statistics: found };
    this.#reported = found === undefined ? new Map() : reportsOf(found);
    if (found !== undefined && before === undefined) return;
    this.#loads = before && this.#sample
      ? {
        ...loadsBetween(before, this.#sample, bindings()),
        ...this.#latencies && { percentiles: this.#latencies.percentiles },
      }
      : null;
    this.#tell("loads", this.#loads);
  }

  #redraw(): void {
    const before = this.#lists;
    if (this.#watch === undefined || before === undefined) return;
    const change = changeOf(before, this.#draw());
    if (change !== undefined) this.#tell("change", change);
  }

  #reader(): ReturnType<typeof serverReader> {
    // What HAProxy said was before the last change: a server that is not in it may have come since.
    const isServing = this.#haproxy?.isServing ?? true;
    return serverReader(this.parts.state(), isServing, this.#reported, "may have come since");
  }

  #draw(): PictureLists {
    return this.#lists = this.#memory.draw(this.parts.state().built, this.#reader());
  }
}

/** What the counters tell of servers, by their names. */
function reportsOf({ sections }: Statistics): ReadonlyMap<ServerName, ServerReport> {
  const reports = new Map<ServerName, ServerReport>();
  for (const { servers } of sections.values()) {
    for (const [name, { status }] of servers) {
      const isNameless = status === "MAINT (resolution)";
      reports.set(name as ServerName, {
        isUp: !status.startsWith("DOWN") && !isNameless,
        isReady: isNameless || !/^(?:MAINT|DRAIN)/.test(status),
        ...isNameless && { address: "-" },
      });
    }
  }
  return reports;
}
