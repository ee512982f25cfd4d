import type { Event } from "./event.ts";
import { EVENTS, type Fields } from "./event_words.ts";
import type { ToldEvent } from "./put_into_words.ts";

/** An event of the past, for status. */
export type PastEvent = Pick<ToldEvent, "event" | "level" | "text"> & {
  /** ISO 8601, UTC. */
  readonly at: string;
};

/** An event as it is kept, also across restarts. */
export type KeptEvent = PastEvent & {
  /** Grows from one event to the next, across restarts too. */
  readonly id: number;
  readonly fields: Fields;
};

/** Events after one that a reader knows. */
export type Since = {
  readonly events: readonly KeptEvent[];
  /** None of those in between is gone. */
  readonly isWhole: boolean;
};

/** Events that are kept in memory, and those of them that `status` has. */
const MOST = 500;
const MOST_IN_STATUS = 50;
/** What is kept of one event's text, and of its fields as JSON, in characters. */
const LONGEST_TEXT = 1_000;
const LONGEST_FIELDS = 4_000;

/** The last events, and how many there were of each kind; status, metrics, `events` and the page read it. */
export class History {
  /** The oldest first. */
  readonly #kept: KeptEvent[] = [];
  /** How many of them an earlier signalbox left. */
  #earlier = 0;
  /** The last id that is not kept any more. */
  #gone = 0;
  readonly #counts = new Map<Event["kind"], number>(
    Object.keys(EVENTS).map((kind) => [kind as Event["kind"], 0]),
  );
  readonly #listeners = new Set<(event: KeptEvent) => void>();

  /** Notes an event. HAProxy's own messages are only counted: a flapping server would push out all other events. */
  note({ event, level, text, fields }: ToldEvent, at: Date): void {
    this.#counts.set(event, (this.#counts.get(event) ?? 0) + 1);
    if (event === "haproxy-printed" || level === "debug") return;
    const id = Math.max((this.#kept.at(-1)?.id ?? this.#gone) + 1, at.getTime());
    const isLong = (JSON.stringify(fields) ?? "").length > LONGEST_FIELDS;
    const short = text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
    const kept = { id, at: at.toISOString(), event, level, text: short, fields: isLong ? {} : fields };
    this.#kept.push(kept);
    if (this.#kept.length > MOST) this.#drop();
    this.#listeners.forEach((hear) => hear(kept));
  }

  /** Puts in front what an earlier signalbox left, the oldest first. Nobody has seen the ids of our own so far. */
  remember(earlier: readonly KeptEvent[]): void {
    const own = this.#kept.splice(0);
    this.#kept.push(...earlier.slice(-(MOST - own.length)));
    this.#earlier = this.#kept.length;
    this.#gone = earlier.at(-this.#earlier - 1)?.id ?? this.#gone;
    // The clock may have been set back since.
    let last = this.#kept.at(-1)?.id ?? this.#gone;
    for (const event of own) {
      last = Math.max(last + 1, event.id);
      this.#kept.push({ ...event, id: last });
    }
  }

  /** Calls back for each event from now on, until what it returns is called. */
  follow(hear: (event: KeptEvent) => void): () => void {
    this.#listeners.add(hear);
    return () => void this.#listeners.delete(hear);
  }

  /** What is kept of the events after an id. */
  since(id: number): Since {
    // A reader of another state directory may know ids that are not there yet.
    const isKnown = id >= this.#gone && id <= (this.#kept.at(-1)?.id ?? this.#gone);
    return {
      events: isKnown ? this.#kept.filter((event) => event.id > id) : [...this.#kept],
      isWhole: isKnown,
    };
  }

  /** Those of this signalbox, the oldest first. */
  get last(): readonly PastEvent[] {
    return this.#kept.slice(this.#earlier).slice(-MOST_IN_STATUS).map(({ at, event, level, text }) => ({
      at,
      event,
      level,
      text,
    }));
  }

  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  #drop(): void {
    this.#gone = this.#kept.shift()?.id ?? this.#gone;
    this.#earlier = Math.max(0, this.#earlier - 1);
  }
}

/** Events of the past that a user reads. */
const MOST_TROUBLES = 5;

/** The last errors and warnings; ordinary events are in the log. */
export function formatTroubles(events: readonly PastEvent[]): readonly string[] {
  const troubles = events.filter(({ level }) => level === "error" || level === "warn");
  if (troubles.length === 0) return [];
  return [
    "last troubles:",
    ...troubles.slice(-MOST_TROUBLES).map(({ at, level, text }) => `  ${at} ${level}: ${text}`),
  ];
}
