import { onOneLine } from "../../values/notice.ts";

/** Characters that take two columns of a terminal (Unicode TR 11, wide and fullwidth), and those that take none. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u;
const MARK = /\p{M}/u;

/** How many columns of a terminal a text takes that has no control characters. */
export const columnsOf = (text: string): number =>
  // Nearly all text is ASCII.
  /^[\x20-\x7e]*$/.test(text) ? text.length : [...text].reduce((sum, each) => sum + columnsOfOne(each), 0);

const columnsOfOne = (character: string): number => MARK.test(character) ? 0 : WIDE.test(character) ? 2 : 1;

/** Foreign text that is safe for a terminal, in so many columns at most; what is cut off is told by `…`. */
export function cut(text: string, columns: number): string {
  // What is far too long for any terminal is not looked at whole.
  const clean = onOneLine(text.slice(0, columns * 4 + 1_000));
  if (columnsOf(clean) <= columns) return clean;
  let kept = "";
  let used = 0;
  for (const each of clean) {
    used += columnsOfOne(each);
    if (used > columns - 1) break;
    kept += each;
  }
  return columns < 1 ? "" : `${kept}…`;
}

/** The text in exactly so many columns, at the left or the right of them. */
export function cell(text: string, columns: number, side: "left" | "right" = "left"): string {
  const kept = cut(text, columns);
  const room = " ".repeat(Math.max(0, columns - columnsOf(kept)));
  return side === "left" ? kept + room : room + kept;
}

/** A number with one digit after the point at most, and none from 100 on. */
export const figure = (value: number): string =>
  value >= 100 ? String(Math.round(value)) : String(Math.round(value * 10) / 10);
