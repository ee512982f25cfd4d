import { nearestWord } from "../values/nearest_word.ts";
import { KEY_NAMES, type KeyName, keyNamed } from "./route_keys.ts";

/** Each way to write a key: its name, its label, and what other tools call it. */
const KEY_OF_SPELLING: ReadonlyMap<string, KeyName> = new Map(
  KEY_NAMES.flatMap((name) => {
    const { label, otherNames = [] } = keyNamed(name);
    return [name, label, ...otherNames].map((spelling) => [spelling, name] as const);
  }),
);
const SPELLINGS = [...KEY_OF_SPELLING.keys()];

/** The key that was probably meant by a word that is none; `undefined` where none is near. */
export function nearKey(word: string): KeyName | undefined {
  const spelling = nearestWord(word, SPELLINGS);
  return spelling === undefined ? undefined : KEY_OF_SPELLING.get(spelling);
}
