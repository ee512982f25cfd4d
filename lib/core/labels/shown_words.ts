import type { LabelPrefix } from "./label_parts.ts";
import { isOfInterlock2 } from "./interlock2.ts";
import { isOurs } from "./said_labels.ts";
import { nearKey } from "../keys/near_key.ts";
import { isKeyName, keyNamed } from "../keys/route_keys.ts";
import { repeatedKeys } from "./repeated_keys.ts";
import { shownName } from "./shown_names.ts";
import { HIDDEN, withoutHashes, withoutQuery, withoutSecrets } from "../values/secret_text.ts";

/** A container's words as they are shown to people: users stay, and what tells their passwords does not. */
export const shownLabel = (label: string, text: string, prefix?: LabelPrefix): string =>
  (isOurs(label, prefix) || isOfInterlock2(label)) && label.split(".").some(isSecret)
    ? shownSecret(text)
    : label.split(".").some(isQuery)
    ? `${shownQuery(text)}`
    : withoutHashes(text);

/** The name of a label, without what stands behind a key whose values are secrets. */
export const shownLabelName = (label: string, prefix?: LabelPrefix): string =>
  isOurs(label, prefix) || isOfInterlock2(label) ? shownName(label) : label;

/** The same for INTERLOCK_DATA. A key that stands twice still does, so that what it costs is not lost. */
export function shownData(text: string): string {
  try {
    const data = JSON.parse(text);
    const shown = shownValue(data, false);
    const repeated = repeatedKeys(text, data).filter(isKeyName);
    if (repeated.length === 0) return isSame(data, shown) ? text : JSON.stringify(shown);
    const twice = repeated.map((name) => `${JSON.stringify(name)}:null,`).join("");
    return JSON.stringify(shown).replace("{", `{${twice}`);
  } catch {
    return withoutSecrets(text);
  }
}

const isSecret = (word: string): boolean => {
  const lower = word.toLowerCase();
  const key = isKeyName(lower) ? lower : nearKey(lower);
  return key !== undefined && keyNamed(key).isSecret === true;
};

const isQuery = (word: string): boolean => isKeyName(word) && keyNamed(word).hidesValue === "query";

/** `user:hash` without the hash, in any text. */
const shownSecret = (text: string): string => {
  const colon = text.indexOf(":");
  return colon < 0 ? HIDDEN : `${text.slice(0, colon + 1)}${HIDDEN}`;
};

/** A query that can still be read as one, so that the route is rendered as it was. */
const shownQuery = (value: unknown): unknown =>
  typeof value === "string" ? withoutQuery(value).replace(HIDDEN, encodeURIComponent(HIDDEN)) : value;

function shownValue(value: unknown, isHidden: boolean): unknown {
  if (typeof value === "string") return isHidden ? shownSecret(value) : withoutHashes(value);
  if (Array.isArray(value)) return value.map((each) => shownValue(each, isHidden));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each], at) => [
      // In the place of a list, it may be a user, or a password.
      isHidden ? `${HIDDEN}${at}` : key,
      isQuery(key) ? shownQuery(each) : shownValue(each, isHidden || isSecret(key)),
    ]),
  );
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
