import { distance } from "fastest-levenshtein";

/** Longer words are compared by their beginning: the time that it takes grows with the length. */
const LONGEST_WORD = 64;

/**
 * The known word that was probably meant: the same but for case and marks between its parts, else one that begins
 * alike, else the one with the fewest letters to change; `undefined` where none is near.
 */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  const written = letters(word.slice(0, LONGEST_WORD));
  if (written.length < 3) return undefined;
  let found: string | undefined;
  let fewest = Infinity;
  for (const each of known) {
    const spelt = letters(each);
    if (spelt === written) return each;
    // One that begins alike is nearer than any that has other letters.
    const changes = spelt.startsWith(written) ? 0 : changesOf(written, spelt);
    if (changes >= fewest) continue;
    found = each;
    fewest = changes;
  }
  return found;
}

/** How many letters differ, or Infinity where that is too many for a slip: two, and three in a long word. */
function changesOf(written: string, spelt: string): number {
  const most = spelt.length > 8 ? 3 : 2;
  if (Math.abs(written.length - spelt.length) > most) return Infinity;
  const changes = distance(written, spelt);
  // In a short word two changes leave another word, unless two of its letters have only changed places.
  const isOther = changes > 1 && Math.min(written.length, spelt.length) <= 4 &&
    sorted(written) !== sorted(spelt);
  return changes > most || isOther ? Infinity : changes;
}

const letters = (word: string): string => word.toLowerCase().replace(/[-_.\s]/g, "");

const sorted = (word: string): string => [...word].sort().join("");
