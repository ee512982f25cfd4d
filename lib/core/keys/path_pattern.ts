import type { ParsedExpression } from "../values/expression.ts";
import type { RouteId } from "../values/names.ts";
import { expected, type Parsed, parsed } from "../values/notice.ts";
import { PATH_PATTERNS_MAP } from "../values/table.ts";
import { patternRow, type RouteRow } from "./route_row.ts";

declare const brand: unique symbol;

/** A path that the groups of a pattern may stand in: `\\1` to `\\9`. */
export type Replacement = string & { readonly [brand]: "Replacement" };

/** Reads the path that stands in place of one that matches. */
export function parseReplacement(text: string): Parsed<Replacement> {
  const isPath = text.length <= 200 && /^\/(?:[A-Za-z0-9._~@%+=:/,;!-]|\\[1-9])*$/.test(text) &&
    !/\/(?:\.|%2e){1,2}(?:\/|$)/i.test(text);
  return isPath
    ? parsed(text as Replacement)
    : expected("a path such as /app/\\1, with the groups \\1 to \\9");
}

/** The row of a route's pattern; none without the path that is to stand in place of what matches. */
export function pathPatternRows(
  { text }: ParsedExpression,
  route: RouteId,
  { path_replacement: replacement }: { readonly path_replacement: Replacement | undefined },
): readonly RouteRow[] {
  return replacement === undefined ? [] : [patternRow(route, text, replacement, PATH_PATTERNS_MAP)];
}
