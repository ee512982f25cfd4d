/** Events for tests: those that parts tell, and those in the log of a program. */
import type { Event, EventOf } from "../../lib/core/status/event.ts";
import { putIntoWords } from "../../lib/core/status/put_into_words.ts";
import type { Reporter } from "../../lib/ports.ts";

/** A reporter that keeps what it hears. */
export class Witness implements Reporter {
  readonly events: Event[] = [];
  /** Events in words and debug lines in their order, for messages of tests: `warn: text`. */
  readonly lines: string[] = [];

  tell(event: Event): void {
    this.events.push(event);
    const { level, text } = putIntoWords(event);
    this.lines.push(`${level}: ${text}`);
  }

  /** The events of one kind. */
  of<Kind extends Event["kind"]>(kind: Kind): EventOf<Kind>[] {
    return this.events.filter((event): event is EventOf<Kind> => event.kind === kind);
  }

  /** The events that people are warned of. */
  get troubles(): readonly Event[] {
    return this.events.filter((event) => ["error", "warn"].includes(putIntoWords(event).level));
  }

  debug = (message: string): void => void this.lines.push(`debug: ${message}`);
  requests(): void {}
  notices(): void {}
}

/** Matches a line of the JSON log that tells such an event. */
export const eventLine = (kind: Event["kind"]): RegExp => new RegExp(`"event":"${kind}"`);

/** The events of a program's JSON log, with their fields. */
export const eventsOf = (
  lines: readonly string[],
  kind: Event["kind"],
): readonly Readonly<Record<string, unknown>>[] =>
  lines.filter((line) => eventLine(kind).test(line)).map((line) => JSON.parse(line));

/** Fields of an entry of the JSON log: each is equal to the value that stands here, or is one that the function accepts. */
export type EntryFields = {
  readonly event?: Event["kind"] | ((kind: string) => boolean);
  /** The stable word of a notice. */
  readonly code?: string;
  readonly [field: string]: unknown;
};

/** Tells a line of the JSON log that has these fields. */
export function entryWith(fields: EntryFields): (line: string) => boolean {
  const wanted = Object.entries(fields);
  return (line) => {
    if (!line.startsWith("{")) return false;
    const entry: Readonly<Record<string, unknown>> = JSON.parse(line);
    return wanted.every(([name, value]) =>
      typeof value === "function"
        ? name in entry && value(entry[name])
        : JSON.stringify(entry[name]) === JSON.stringify(value)
    );
  };
}

/** Accepts a field that has what the test itself gave: the name of a file, a number, or the words of another program. */
export const holding = (given: string | number) => (value: unknown): boolean =>
  String(value).includes(String(given));
