import type { Kind } from "./route_keys.ts";

const BOOLEANS: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  [1, true],
  ["true", true],
  ["1", true],
  ["yes", true],
  ["on", true],
  [false, false],
  [0, false],
  ["false", false],
  ["0", false],
  ["no", false],
  ["off", false],
]);

/** A boolean as people write it, in JSON and in labels alike; `undefined` where it is none. */
export function readBoolean(value: unknown): boolean | undefined {
  return BOOLEANS.get(typeof value === "string" ? value.trim().toLowerCase() : value);
}

/** A label's text as the JSON value that it stands for; a text that stands for none stays a text, and is judged later. */
export function labelValue(kind: Kind, text: string): unknown {
  const word = text.trim();
  if (kind === "integer" && /^[0-9]{1,15}$/.test(word)) return Number(word);
  return kind === "boolean" && word === "" ? true : text;
}
