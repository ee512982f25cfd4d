import { distance } from "fastest-levenshtein";

/** Longer words are compared by their beginning: the time that it takes grows with the length. */
const LONGEST_WORD = 64;

/**
 * The known word that was probably meant: one that differs in case and separators alone, else one with the same beginning,
 * else the one with the fewest letters to change; `undefined` where none is near.
 */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  const written = letters(word.slice(0, LONGEST_WORD));
  if (written.length < 3) return undefined;
  let found: string | undefined;
  let fewest = Infinity;
  for (const each of known) {
    const spelt = letters(each);
    if (spelt === written) return each;
    // A word with the same beginning is nearer than one with other letters.
    const changes = spelt.startsWith(written) ? 0 : changesOf(written, spelt);
    if (changes >= fewest) continue;
    found = each;
    fewest = changes;
  }
  return found;
}

/** How many letters differ; Infinity where these are too many for a typing error: more than two, in a long word three. */
function changesOf(written: string, spelt: string): number {
  const most = spelt.length > 8 ? 3 : 2;
  if (Math.abs(written.length - spelt.length) > most) return Infinity;
  const changes = distance(written, spelt);
  // Two changes make another word of a short one, unless two letters only changed places.
  const isOther = changes > 1 && Math.min(written.length, spelt.length) <= 4 &&
    sorted(written) !== sorted(spelt);
  return changes > most || isOther ? Infinity : changes;
}

const letters = (word: string): string => word.toLowerCase().replace(/[-_.\s]/g, "");

const sorted = (word: string): string => [...word].sort().join("");
