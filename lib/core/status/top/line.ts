import { onOneLine } from "../../values/notice.ts";
import { columnsOf, cut } from "./cell.ts";

/** How a part of a line looks. */
export type Style = "head" | "good" | "warn" | "bad" | "soft";

/** A line of the screen: texts that are safe for a terminal, and how they look. */
export type Line = readonly { readonly text: string; readonly style?: Style | undefined }[];

/** Puts parts together in so many columns at most. */
export function line(
  columns: number,
  ...parts: readonly (readonly [text: string, style?: Style | undefined])[]
): Line {
  let room = columns;
  return parts.flatMap(([given, style]) => {
    const text = cut(given, room);
    room -= columnsOf(text);
    return text === "" ? [] : [{ text, style }];
  });
}

/** Select graphic rendition (ECMA-48): reverse, green, yellow, red, faint. */
const CODES: { readonly [S in Style]: number } = { head: 7, good: 32, warn: 33, bad: 31, soft: 2 };

/** The line as a terminal gets it. */
export const paint = (parts: Line, hasColour: boolean): string =>
  parts.map(({ text, style }) =>
    style === undefined || !hasColour ? onOneLine(text) : `\x1b[${CODES[style]}m${onOneLine(text)}\x1b[0m`
  ).join("");
