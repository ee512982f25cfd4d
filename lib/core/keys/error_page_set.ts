import { expected, type Parsed, parsed } from "../values/notice.ts";

declare const brand: unique symbol;
/** The name of a folder below that of `--error-pages`, with pages of its own; letters, digits, `_` and `-`, never a path. */
export type ErrorPageSet = string & { readonly [brand]: "ErrorPageSet" };

/** Reads `error_pages`, and the name of such a folder. */
export function parseErrorPageSet(text: string): Parsed<ErrorPageSet> {
  return /^[a-z0-9][a-z0-9_-]{0,39}$/.test(text)
    ? parsed(text as ErrorPageSet)
    : expected("the name of a folder below --error-pages (a-z, 0-9, _ and -)");
}
