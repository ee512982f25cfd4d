import { nearKey } from "../keys/near_key.ts";
import { isKeyName, keyNamed } from "../keys/route_keys.ts";
import { HIDDEN } from "../values/secret_text.ts";

/** Parts of a name that are looked at. */
const MOST_PARTS = 32;

/** The name of a label or a key as messages have it: behind a key whose values are secrets, only a number is shown. */
export function shownName(word: string): string {
  const parts = word.split(/([^\w-]+)/, MOST_PARTS);
  const at = parts.findIndex((part) => isSecret(part.toLowerCase()));
  const rest = parts.slice(at + 1).join("");
  if (at < 0 || /^(?:[.][0-9]{1,6})?$/.test(rest)) return word;
  return `${parts.slice(0, at + 2).join("")}${HIDDEN}`;
}

function isSecret(word: string): boolean {
  const key = isKeyName(word) ? word : nearKey(word);
  if (key === undefined) return false;
  const { isSecret, hidesValue } = keyNamed(key);
  return isSecret === true || hidesValue !== undefined;
}
