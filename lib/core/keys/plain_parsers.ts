import { expected, type Parsed, parsed } from "../values/notice.ts";

/** Reads a number from `least` to `most`; `what` says of what, for messages. */
export const between =
  (least: number, most: number, what = "a whole number") => (value: number): Parsed<number> =>
    value >= least && value <= most ? parsed(value) : expected(`${what} from ${least} to ${most}`);

/** Reads one of a few words. */
export const oneOf = <T extends string>(...words: readonly T[]) => (text: string): Parsed<T> => {
  const word = words.find((each) => each === text);
  return word === undefined ? expected(words.join(" or ")) : parsed(word);
};

/** Reads a text that matches; `what` is what such texts are, for messages. */
export const matching = (pattern: RegExp, what: string) => (text: string): Parsed<string> =>
  pattern.test(text) ? parsed(text) : expected(what);
