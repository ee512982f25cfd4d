import type { RouteId } from "../values/names.ts";
import { expected, type Parsed, parsed } from "../values/notice.ts";
import { type RouteRow, rowOf } from "./route_row.ts";

/** How often something may happen. */
export type Rate = { readonly count: number; readonly seconds: number };

/** What requests are counted by: the client's address, the route as a whole, or the value of a header. */
export type RateBy = { readonly by: "ip" | "host" } | { readonly by: "header"; readonly header: string };

/** The periods that the frontend has a table for, in seconds. */
const PERIODS: Readonly<Record<string, number>> = {
  "1s": 1,
  "10s": 10,
  "1m": 60,
  "1h": 3_600,
  s: 1,
  m: 60,
  h: 3_600,
};
/**
 * The tables that requests are counted in, two for each period: by client or route, and by the value of a header, of which
 * one client can send as many as it likes.
 */
export const RATE_TABLES = [1, 10, 60, 3_600].map((seconds) => ({
  seconds,
  table: `_rate_${seconds}s`,
  headerTable: `_rate_header_${seconds}s`,
}));

const MOST_COUNTED = 1_000_000;

/** Reads `rate_limit`: `100/10s`. */
export function parseRate(text: string): Parsed<Rate> {
  const [, digits, period = ""] = /^([0-9]{1,7})\/([0-9]*[a-z]+)$/.exec(text.trim()) ?? [];
  const count = Number(digits);
  const seconds = Object.hasOwn(PERIODS, period) ? PERIODS[period] : undefined;
  return seconds !== undefined && count >= 1 && count <= MOST_COUNTED
    ? parsed({ count, seconds })
    : expected(`a number from 1 to ${MOST_COUNTED} and a period, 1s, 10s, 1m or 1h, such as 100/10s`);
}

/** Reads `rate_limit_by`: `ip`, `host`, or `header X-Api-Key`. */
export function parseRateBy(text: string): Parsed<RateBy> {
  const word = text.trim();
  if (word === "ip" || word === "host") return parsed({ by: word });
  // A token (RFC 9110, section 5.6.2) without what means something in a row or to Lua.
  const [, header] = /^header[ :=]+([A-Za-z0-9_-]{1,100})$/i.exec(word) ?? [];
  return header === undefined
    ? expected("ip, host, or header and its name, such as header X-Api-Key")
    : parsed({ by: "header", header: header.toLowerCase() });
}

/** A rate, as containers write it. */
export const formatRate = ({ count, seconds }: Rate): string =>
  `${count}/${Object.keys(PERIODS).find((period) => PERIODS[period] === seconds)}`;

/** What requests are counted by, as containers write it. */
export const formatRateBy = (by: RateBy): string => by.by === "header" ? `header ${by.header}` : by.by;

/** The rows of a rate: `COUNT/SECONDS/BY`, and the name of the header that it counts by. */
export function rateRows(
  { count, seconds }: Rate,
  route: RouteId,
  { rate_limit_by: by = { by: "ip" } }: { readonly rate_limit_by?: RateBy },
): readonly RouteRow[] {
  const row = rowOf(route, "rate", `${count}/${seconds}/${by.by}`);
  return by.by === "header" ? [row, rowOf(route, "rate_header", by.header)] : [row];
}

/** The row of a number. */
export const numberRow = (word: string) => (value: number, route: RouteId): readonly RouteRow[] => [
  rowOf(route, word, `${value}`),
];
