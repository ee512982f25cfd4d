import type { Event } from "./event.ts";
import { EVENTS } from "./event_words.ts";
import type { ToldEvent } from "./put_into_words.ts";

/** An event of the past, for status. */
export type PastEvent = Pick<ToldEvent, "event" | "level" | "text"> & {
  /** ISO 8601, UTC. */
  readonly at: string;
};

/** Events that are kept. */
const MOST = 50;

/** The last events, and how many there were of each kind; status and metrics read it. */
export class History {
  readonly #last: PastEvent[] = [];
  readonly #counts = new Map<Event["kind"], number>(
    Object.keys(EVENTS).map((kind) => [kind as Event["kind"], 0]),
  );

  /** Notes an event. HAProxy's own messages are only counted: a flapping server would push out all other events. */
  note({ event, level, text }: ToldEvent, at: Date): void {
    this.#counts.set(event, (this.#counts.get(event) ?? 0) + 1);
    if (event === "haproxy-printed" || level === "debug") return;
    this.#last.push({ at: at.toISOString(), event, level, text });
    if (this.#last.length > MOST) this.#last.shift();
  }

  /** The oldest first. */
  get last(): readonly PastEvent[] {
    return [...this.#last];
  }

  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
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
