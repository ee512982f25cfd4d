import { type LabelPrefix, partsOf, PREFIX } from "./label_parts.ts";
import { isOfInterlock2 } from "./interlock2.ts";
import { isOurs } from "./said_labels.ts";
import { mayClose } from "./said_data.ts";
import type { RouteKey } from "../keys/route_key.ts";
import { isKeyName, KEY_OF_LABEL, keyNamed } from "../keys/route_keys.ts";
import { repeatedKeys } from "./repeated_keys.ts";
import { mayTellSecret, rowMeant, shownName } from "./shown_names.ts";
import { HIDDEN, isCredential, withoutHashes, withoutSecrets } from "../values/secret_text.ts";

/** Parts of a label's name that are looked at. */
const MOST_PARTS = 32;

/** A container's words as they are shown to people: users stay, and what tells their passwords does not. */
export function shownLabel(label: string, text: string, prefix: LabelPrefix = PREFIX): string {
  const parts = isOurs(label, prefix) ? partsOf(label.slice(prefix.length)) : undefined;
  // A route may be called as a key is.
  if (parts !== undefined) return shownText(text, keyNamed(parts.key));
  const isRead = isOurs(label, prefix) || isOfInterlock2(label);
  const rows = label.split(".", MOST_PARTS).map(isRead ? rowMeant : rowNamed);
  const row = rows.find((each) => each?.kept !== undefined);
  return row === undefined && isCredential(label) ? HIDDEN : shownText(text, row);
}

/** Labels of other programs have words that are nearly our keys. */
const rowNamed = (word: string): RouteKey | undefined => {
  const key = isKeyName(word) ? word : KEY_OF_LABEL.get(word);
  return key && keyNamed(key);
};

/** The name of a label, without what stands behind a key whose values are secrets. */
export const shownLabelName = (label: string, prefix?: LabelPrefix): string =>
  isOurs(label, prefix) || isOfInterlock2(label) ? shownName(label) : label;

/** The same for INTERLOCK_DATA. A key that stands twice still does, so that what it costs is not lost. */
export function shownData(text: string): string {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return shownUnread(text);
  }
  const shown = shownValue(data, undefined);
  const repeated = repeatedKeys(text, data).filter(isKeyName);
  if (repeated.length === 0) return isSame(data, shown) ? text : JSON.stringify(shown);
  const twice = repeated.map((name) => `${JSON.stringify(name)}:null,`).join("");
  return JSON.stringify(shown).replace("{", `{${twice}`);
}

/** What cannot be read still cannot, and costs the same. */
function shownUnread(text: string): string {
  if (!mayTellSecret(text)) return withoutSecrets(text);
  return mayClose(text) ? `{${HIDDEN} enable` : `{${HIDDEN}`;
}

const shownText = (text: string, row: RouteKey | undefined): string =>
  withoutHashes(row?.kept?.(text) ?? text);

function shownValue(value: unknown, row: RouteKey | undefined): unknown {
  if (typeof value === "string") return shownText(value, row);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const isRead = (each: unknown) => row?.kept === undefined || typeof each === "string";
    return value.map((each) => isRead(each) ? shownValue(each, row) : hidden(each, row));
  }
  const members = Object.entries(value);
  if (row?.kept === undefined) {
    return Object.fromEntries(members.map(([name, each]) => [name, shownMember(name, each)]));
  }
  const pair = row.kind === "string[]" ? row.fromPair : undefined;
  if (pair === undefined) return hidden(value, row);
  return Object.fromEntries(members.map(([name, each]) => {
    if (typeof each !== "string") return [name, hidden(each, row)];
    const front = pair(name, "");
    return [name, shownText(`${front}${each}`, row).slice(front.length)];
  }));
}

/** What stands behind a name: a value of a key, or of a word that is none. */
function shownMember(name: string, value: unknown): unknown {
  const row = rowMeant(name);
  const isHidden = row === undefined && typeof value === "string" && isCredential(name);
  return isHidden ? HIDDEN : shownValue(value, row);
}

/** What is no value of its key: its texts are hidden; in the place of a list of users, a name may be one, or a password. */
function hidden(value: unknown, row: RouteKey | undefined): unknown {
  if (typeof value === "string") return HIDDEN;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => hidden(each, row));
  return Object.fromEntries(
    Object.entries(value).map(([name, each], at) => [
      row?.isSecret === true ? `${HIDDEN}${at}` : name,
      hidden(each, row),
    ]),
  );
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
