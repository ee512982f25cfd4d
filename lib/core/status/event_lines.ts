import { expected, onOneLine, type Parsed, parsed, visibleJson } from "../values/notice.ts";
import type { KeptEvent } from "./history.ts";

const LEVELS: readonly unknown[] = ["error", "warn", "info", "debug"];

/** An event as a line of the file: JSON that is one line, whatever it holds. */
export const eventToLine = (event: KeptEvent): string => visibleJson(JSON.stringify(event));

/** Reads a line of the file; `undefined` for what is none, such as a line that a full disk has cut off. */
export function lineToEvent(line: string): KeptEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { id, at, event, level, text, fields } = value as Partial<Record<keyof KeptEvent, unknown>>;
  const isEvent = Number.isSafeInteger(id) && typeof at === "string" && !Number.isNaN(Date.parse(at)) &&
    typeof event === "string" && LEVELS.includes(level) && typeof text === "string" &&
    typeof fields === "object" && fields !== null;
  return isEvent ? { id, at, event, level, text, fields } as KeptEvent : undefined;
}

/** Events for people, a line each: `2026-11-28T17:11:55.358Z info  changed HAProxy at run time (37.3 ms)`. */
export const formatEvents = (events: readonly KeptEvent[]): string =>
  events.map(({ at, level, text, fields }) => {
    const took = fields["sinceEventMs"];
    return `${onOneLine(`${at} ${level.padEnd(5)} ${text}${took === undefined ? "" : ` (${took} ms)`}`)}\n`;
  }).join("");

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads `10m` as that long before now, or a date and time; in milliseconds since 1970. */
export function parseSince(text: string, nowMs: number): Parsed<number> {
  const [, digits, unit = ""] = /^([0-9]{1,9})([smhd])$/.exec(text) ?? [];
  if (digits !== undefined) return parsed(nowMs - Number(digits) * (UNITS[unit] ?? 0));
  const at = /^[0-9]{4}-[0-9]{2}-[0-9]{2}/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(at)
    ? expected("a time such as 90s, 10m, 2h or 3d, or a date such as 2026-11-28T17:11Z")
    : parsed(at);
}
