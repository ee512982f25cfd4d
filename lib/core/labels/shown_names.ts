import { nearKey } from "../keys/near_key.ts";
import type { RouteKey } from "../keys/route_key.ts";
import { isKeyName, keyNamed } from "../keys/route_keys.ts";
import { HIDDEN, mayHoldSecret } from "../values/secret_text.ts";

/** Parts of a name that are looked at. */
const MOST_PARTS = 32;

/** The row of the key that a word is, or was probably meant as. */
export function rowMeant(word: string): RouteKey | undefined {
  const lower = word.toLowerCase();
  const key = isKeyName(lower) ? lower : nearKey(lower);
  return key && keyNamed(key);
}

/** The name of a label or a key as messages have it: behind a key whose values are secrets, only a number is shown. */
export function shownName(word: string): string {
  const parts = word.split(/([^\w-]+)/, MOST_PARTS);
  const at = parts.findIndex((part) => isHidden(rowMeant(part)));
  const rest = parts.slice(at + 1).join("");
  if (at < 0 || /^(?:[.][0-9]{1,6})?$/.test(rest)) return word;
  return `${parts.slice(0, at + 2).join("")}${HIDDEN}`;
}

const isHidden = (row: RouteKey | undefined): boolean =>
  row?.isSecret === true || row?.hidesValue !== undefined;

/** Names in one text that are compared with keys. */
const MOST_NAMES = 64;
const NAME = /[\w-]{3,64}(?=["'\u201d]?\s*[:=])/g;

/**
 * Whether a text that cannot be read may have a secret in it, so that no word of it is told: where it looks like one, and where
 * it names a key whose values messages do not have.
 */
export function mayTellSecret(text: string): boolean {
  if (mayHoldSecret(text)) return true;
  const names = new Set<string>();
  for (const [name] of text.matchAll(NAME)) {
    if (names.add(name).size > MOST_NAMES) return true;
  }
  return [...names].some((name) => isHidden(rowMeant(name)));
}
