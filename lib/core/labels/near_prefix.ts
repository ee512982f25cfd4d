import { distance } from "fastest-levenshtein";
import { keyNamed } from "../keys/route_keys.ts";
import { onceEach } from "../values/once.ts";
import { exactGuard, nearGuard } from "./misplaced_guards.ts";
import { isRouteName, type LabelParts, type LabelPrefix, partsOf, PREFIX } from "./label_parts.ts";

/** Letters in which a prefix may differ from ours: of a short one fewer, since else every word is near to it. */
const MOST_CHANGES = 2;
const mostChanges = (prefix: string): number => Math.min(MOST_CHANGES, Math.floor(prefix.length / 4));

/** A bit for each letter of a prefix, by its character code, so far as there are bits. */
type Letters = { readonly bits: Uint32Array; readonly ofStart: number; readonly all: number };

const MOST_BITS = 30;

/** A program has two prefixes: its own, and that of Interlock 2. */
const lettersOf = onceEach((prefix: string): Letters => {
  const bits = new Uint32Array(128);
  const distinct = [...new Set(prefix.slice(0, -1))].slice(0, MOST_BITS);
  for (const [at, letter] of distinct.entries()) bits[letter.charCodeAt(0) | 0x20] = 1 << at;
  const start = [...prefix.slice(0, 2 * mostChanges(prefix) + 1)];
  return {
    bits,
    ofStart: start.reduce((mask, letter) => mask | bitAt(bits, letter, 0), 0),
    all: distinct.length,
  };
});

/** A small letter has this bit, and a large one has not. */
const bitAt = (bits: Uint32Array, label: string, at: number): number =>
  bits[label.charCodeAt(at) | 0x20] ?? 0;

/**
 * What a label may say whose prefix is nearly ours, with a key behind it that narrows or protects: `interlok.ssl_only`,
 * `interlock-ssl_only`. The likeliest comes first; none for any other label, and for one that has our prefix. Where ours is
 * another one, labels that begin with `interlock.` are those of another signalbox.
 */
export function partsBehindNearPrefix(label: string, prefix: LabelPrefix = PREFIX): readonly LabelParts[] {
  const rests = restsBehindNearPrefix(label, prefix);
  if (rests.length === 0 && !label.startsWith(prefix)) {
    const other = OTHER_PREFIXES.exec(label)?.[0];
    if (other !== undefined && other.toLowerCase() !== prefix) return guardsOf([label.slice(other.length)]);
  }
  if (rests.length === 0 || (prefix !== PREFIX && label.toLowerCase().startsWith(PREFIX))) return [];
  return guardsOf(rests);
}

/** What people take for our prefix: names that are not near to it by their letters. */
const OTHER_PREFIXES =
  /^(?:(?:(?:com|io|net|org|dev)[.])?signalbox|(?:com|io|net|org|dev|com[.]docker)[.]interlock)[.]/i;

/** Behind each of them the keys that labels have there; where none has any, words that are keys or nearly so, wherever they stand. */
function guardsOf(rests: readonly string[]): readonly LabelParts[] {
  const inPlace = rests.flatMap((rest) => {
    const parts = partsOf(rest);
    return parts !== undefined && keyNamed(parts.key).isGuard === true ? [parts] : [];
  });
  return inPlace.length > 0 ? inPlace : rests.flatMap(misspeltIn);
}

/** Words of one label that are compared with keys. */
const MOST_WORDS = 8;

/** A guard that is misspelt or stands where no key does: `foo.alow_from`, `x.y.allow_from`. It may be meant for each route that is named. */
function misspeltIn(rest: string): readonly LabelParts[] {
  const words = rest.split(".", MOST_WORDS);
  const at = words.findIndex((word) => (exactGuard(word) ?? nearGuard(word)) !== undefined);
  const word = words[at] ?? "";
  const key = exactGuard(word) ?? nearGuard(word);
  if (key === undefined) return [];
  const names = words.slice(0, at).filter(isRouteName);
  return (names.length === 0 ? [""] : names).map((route) => ({ route, key }));
}

/** What may stand behind a prefix that is nearly a given one, the likeliest first; nothing where it is that one. */
export function restsBehindNearPrefix(label: string, prefix: string): readonly string[] {
  const most = mostChanges(prefix);
  if (!mayBeNear(label, prefix, most)) return [];
  const found: { readonly rest: string; readonly changes: number }[] = [];
  // The longest first, since a short one leaves a letter of its own to the name of a route.
  for (let length = prefix.length + most; length >= prefix.length - most; length--) {
    const changes = distance(label.slice(0, length).toLowerCase(), prefix);
    if (changes === 0) return [];
    if (changes <= most) found.push({ rest: label.slice(length), changes });
  }
  return found.sort((a, b) => a.changes - b.changes).map(({ rest }) => rest);
}

/** Tells most labels of others at little cost: each change takes away one letter of our prefix at most. */
function mayBeNear(label: string, prefix: string, most: number): boolean {
  const { bits, ofStart, all } = lettersOf(prefix);
  let found = 0;
  // One letter more than there are changes: one of them is from the beginning of our prefix.
  for (let at = 0; at <= most; at++) found |= bitAt(bits, label, at);
  if ((found & ofStart) === 0) return false;
  for (let at = 0; at < prefix.length + most && at < label.length; at++) found |= bitAt(bits, label, at);
  let missing = 0;
  for (let bit = 0; bit < all; bit++) if ((found >> bit & 1) === 0) missing++;
  return missing <= most;
}
