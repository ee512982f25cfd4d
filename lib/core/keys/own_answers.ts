import { readBoolean } from "./key_kind.ts";
import type { RouteId } from "../values/names.ts";
import { expected, type Parsed, parsed } from "../values/notice.ts";
import { parseTableValue } from "../values/table.ts";
import { type RouteRow, rowOf } from "./route_row.ts";

/** What `hsts` stands for where it is no number: a year. */
const YEAR_SECONDS = 31_536_000;
/** A hundred years. */
const LONGEST_SECONDS = 100 * YEAR_SECONDS;

/** A value of Strict-Transport-Security (RFC 6797), or that there is none, also where the setting has one. */
export type Hsts = { readonly header: string | undefined };

const EXPECTED_HSTS = "seconds, or a text such as max-age=31536000; includeSubDomains";

/** Reads `hsts`: seconds, the header's text, or whether there is one. */
export function parseHsts(text: string): Parsed<Hsts> {
  const said = /^\s*[01]\s*$/.test(text) ? undefined : readBoolean(text);
  if (said !== undefined) return parsed({ header: said ? `max-age=${YEAR_SECONDS}` : undefined });
  const [first = "", ...rest] = text.split(";").map((part) => part.trim());
  const digits = /^(?:max-age=)?([0-9]{1,10})$/i.exec(first)?.[1];
  const words = rest.filter((word) => word !== "").map((word) => HSTS_WORDS.get(word.toLowerCase()));
  if (digits === undefined || Number(digits) > LONGEST_SECONDS || words.includes(undefined)) {
    return expected(EXPECTED_HSTS);
  }
  return parsed({ header: [`max-age=${Number(digits)}`, ...new Set(words)].join("; ") });
}

const HSTS_WORDS: ReadonlyMap<string, string> = new Map([
  ["includesubdomains", "includeSubDomains"],
  ["preload", "preload"],
]);

/** The row of a route's Strict-Transport-Security; `none` for none. */
export const hstsRows = ({ header }: Hsts, route: RouteId): readonly RouteRow[] => [
  rowOf(route, "hsts", header ?? "none"),
];

const LONGEST_TEXT = 4_000;

/** Reads `maintenance`: whether there is any, or the text that clients get meanwhile. */
export function parseMaintenance(text: string): Parsed<string | false> {
  const trimmed = text.trim();
  const said = trimmed === "" ? true : readBoolean(trimmed);
  if (said !== undefined) return parsed(said && "This site is down for maintenance. Try again later.");
  const value = parseTableValue(trimmed);
  return value.ok && new TextEncoder().encode(trimmed).length <= LONGEST_TEXT
    ? parsed(trimmed)
    : expected(`true, false, or a text of one line and at most ${LONGEST_TEXT} bytes`);
}
