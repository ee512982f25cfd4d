import { distance } from "fastest-levenshtein";
import { keyNamed } from "../keys/route_keys.ts";
import { type LabelParts, partsOf, PREFIX } from "./label_parts.ts";

/** Letters in which a prefix may differ from ours. */
const MOST_CHANGES = 2;
const LONGEST = PREFIX.length + MOST_CHANGES;
const LETTERS = PREFIX.slice(0, -1);
/** A bit for each letter of our prefix, by its character code; each is there once. */
const BITS = new Uint16Array(128);
for (const [at, letter] of [...LETTERS].entries()) BITS[letter.charCodeAt(0)] = 1 << at;
const BITS_OF_START = (1 << 2 * MOST_CHANGES + 1) - 1;

/**
 * What a label may say whose prefix is nearly ours, with a key behind it that narrows or protects: `interlok.ssl_only`,
 * `interlock-ssl_only`. The likeliest comes first; none for any other label, and for one that has our prefix.
 */
export function partsBehindNearPrefix(label: string): readonly LabelParts[] {
  if (!mayBeNear(label)) return [];
  const found: (LabelParts & { readonly changes: number })[] = [];
  // The longest first, since a short one leaves a letter of its own to the name of a route.
  for (let length = LONGEST; length >= PREFIX.length - MOST_CHANGES; length--) {
    const changes = distance(label.slice(0, length).toLowerCase(), PREFIX);
    if (changes === 0) return [];
    const parts = changes > MOST_CHANGES ? undefined : partsOf(label.slice(length));
    if (parts !== undefined && keyNamed(parts.key).isGuard === true) found.push({ ...parts, changes });
  }
  return found.sort((a, b) => a.changes - b.changes);
}

/** Tells most labels of others at little cost: each change takes away one letter of our prefix at most. */
function mayBeNear(label: string): boolean {
  let found = 0;
  // Three letters cannot all be the changes, so that one of them is from the first five of our prefix.
  for (let at = 0; at <= MOST_CHANGES; at++) found |= bitAt(label, at);
  if ((found & BITS_OF_START) === 0) return false;
  for (let at = 0; at < LONGEST && at < label.length; at++) {
    found |= bitAt(label, at);
  }
  let missing = 0;
  for (let bit = 0; bit < LETTERS.length; bit++) if ((found >> bit & 1) === 0) missing++;
  return missing <= MOST_CHANGES;
}

/** A small letter has this bit, and a large one has not. */
const bitAt = (label: string, at: number): number => BITS[label.charCodeAt(at) | 0x20] ?? 0;
