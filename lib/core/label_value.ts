import type { Kind } from "./route_keys.ts";

const BOOLEANS: Readonly<Record<string, boolean>> = {
  "": true,
  "true": true,
  "1": true,
  "yes": true,
  "false": false,
  "0": false,
  "no": false,
};

/** A label's text as the JSON value that it stands for; a text that stands for none stays a text, and is refused later. */
export function labelValue(kind: Kind, text: string): unknown {
  if (kind === "integer" && /^[0-9]{1,15}$/.test(text)) return Number(text);
  if (kind === "boolean") {
    return Object.hasOwn(BOOLEANS, text.toLowerCase()) ? BOOLEANS[text.toLowerCase()] : text;
  }
  return text;
}
