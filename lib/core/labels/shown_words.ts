import type { LabelPrefix } from "./label_parts.ts";
import { isOfInterlock2 } from "./interlock2.ts";
import { isOurs } from "./said_labels.ts";
import { nearKey } from "../keys/near_key.ts";
import { isKeyName, keyNamed } from "../keys/route_keys.ts";
import { HIDDEN, withoutHashes } from "../values/secret_text.ts";

/** A container's words as they are shown to people: users stay, and what tells their passwords does not. */
export const shownLabel = (label: string, text: string, prefix?: LabelPrefix): string =>
  (isOurs(label, prefix) || isOfInterlock2(label)) && label.split(".").some(isSecret)
    ? shownSecret(text)
    : withoutHashes(text);

/** The same for INTERLOCK_DATA. */
export function shownData(text: string): string {
  try {
    const data = JSON.parse(text);
    const shown = shownValue(data, false);
    return isSame(data, shown) ? text : JSON.stringify(shown);
  } catch {
    return withoutHashes(text);
  }
}

const isSecret = (word: string): boolean => {
  const lower = word.toLowerCase();
  const key = isKeyName(lower) ? lower : nearKey(lower);
  return key !== undefined && keyNamed(key).isSecret === true;
};

/** `user:hash` without the hash, in any text. */
const shownSecret = (text: string): string => {
  const colon = text.indexOf(":");
  return colon < 0 ? HIDDEN : `${text.slice(0, colon + 1)}${HIDDEN}`;
};

function shownValue(value: unknown, isHidden: boolean): unknown {
  if (typeof value === "string") return isHidden ? shownSecret(value) : withoutHashes(value);
  if (Array.isArray(value)) return value.map((each) => shownValue(each, isHidden));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, shownValue(each, isHidden || isSecret(key))]),
  );
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
