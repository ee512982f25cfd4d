import type { Event, EventLevel } from "./event.ts";
import { EVENTS, type Fields, type Row } from "./event_words.ts";

/** An event in words. */
export type ToldEvent = {
  readonly event: Event["kind"];
  readonly level: EventLevel;
  readonly text: string;
  readonly fields: Fields;
};

/** Puts an event into words. */
export function putIntoWords(event: Event): ToldEvent {
  const { level, words, fields } = EVENTS[event.kind] as Row<Event>;
  return {
    event: event.kind,
    level: typeof level === "function" ? level(event) : level,
    text: words(event),
    fields: fields(event),
  };
}
