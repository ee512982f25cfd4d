import { closest, distance } from "fastest-levenshtein";

/** Longer words are compared by their beginning: the time that it takes grows with the length. */
const LONGEST_WORD = 64;

/** The known word that is nearest to a written one, and whether it may be the one that was meant. */
export type Nearest = { readonly word: string; readonly isLikely: boolean };

/** The known word that is nearest: one that begins alike, else the one with the fewest letters to change. */
export function nearest(word: string, known: readonly string[]): Nearest {
  const written = word.slice(0, LONGEST_WORD).toLowerCase().replaceAll("-", "_");
  const longer = written.length < 3 ? undefined : known.find((each) => each.startsWith(written));
  if (longer !== undefined) return { word: longer, isLikely: true };
  const found = closest(written, known);
  return { word: found, isLikely: distance(written, found) <= Math.max(2, found.length / 3) };
}
