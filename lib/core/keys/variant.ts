import { expected, type Parsed, parsed } from "../values/notice.ts";
import { HIDDEN, isCredential } from "../values/secret_text.ts";
import { sha256 } from "../values/sha256.ts";

/** What a request has to have: a header, a parameter of the query or a cookie of a name, with this value if one is said. */
export type Match = { readonly name: string; readonly value: string | undefined };

/** Which requests to a host and path a route is for, where that is not all of them. */
export type Variant = {
  /** Tells it from the other variants of a host and path; routes of the same conditions have the same. */
  readonly hash: string;
  /** The conditions as they stand in a table: all have to hold, of each one of its values. */
  readonly text: string;
  /** How many conditions there are: of several variants that fit, the one with most counts. */
  readonly count: number;
  /** Which percentage of these requests it takes; `undefined` for all. */
  readonly share: number | undefined;
  /** Keeps the draw of a client, so that it stays on its side; none where each request is drawn anew. */
  readonly cookie?: DrawCookie;
};

/** A cookie with the number from 0 to 99 that was drawn for a client: its name, and attributes that follow its value. */
export type DrawCookie = { readonly name: string; readonly attributes: string };

/** Between conditions, and between a condition and its values; no value has them in it. */
const CONDITION = "\u241e";
const VALUE = "\u241d";
/** Between variants in a row. */
export const BETWEEN_VARIANTS = "\u241f";
/** At the end of a row: it fits every request, which is refused. */
export const CLOSED_VARIANT = "!";

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const TEXT = /^[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?$/;

/** Reads a method (RFC 9110, section 9.1), in any case. */
export function parseMethod(text: string): Parsed<string> {
  return /^[A-Za-z]{1,20}$/.test(text) ? parsed(text.toUpperCase()) : expected("a method such as POST");
}

const matcher =
  (phrase: string, pattern: RegExp, change = (name: string) => name) => (text: string): Parsed<Match> => {
    const [, name = "", value] = pattern.exec(text) ?? [];
    const isMatch = NAME.test(name) && (value === undefined || TEXT.test(value));
    return isMatch ? parsed({ name: change(name), value }) : expected(phrase);
  };

/** Reads `Name: value`, or `Name` for a header with any value. */
export const parseHeaderMatch = matcher(
  "a header such as X-Canary: yes, or its name alone (printable ASCII, a value of at most 128 characters)",
  // Of blanks and a value, no character fits both: the time grows with the length alone.
  /^([^:\s]+)(?::[ \t]*([^ \t].*))?$/,
  (name) => name.toLowerCase(),
);

/** Reads `name=value`, or `name` for a parameter with any value. */
export const parseQueryMatch = matcher(
  "a parameter such as version=2, or its name alone (printable ASCII, a value of at most 128 characters)",
  /^([^=\s]+)(?:=(.+))?$/,
);

/** Reads `name=value`, or `name` for a cookie with any value. */
export const parseCookieMatch = matcher(
  "a cookie such as beta=1, or its name alone (no ; and no blanks, a value of at most 128 characters)",
  /^([^=\s]+)(?:=([^;\s]+))?$/,
);

/** Reads a percentage. */
export function parseShare(value: number): Parsed<number> {
  return value >= 0 && value <= 100 ? parsed(value) : expected("a percentage from 0 to 100");
}

/** Methods in words. */
export const formatMethods = (methods: readonly string[]): string => methods.join(", ");

/** Matches in words, their names alone: a value may be a token of somebody. */
export const formatMatchNames = (matches: readonly Match[]): string =>
  matches.map(({ name, value }) => value === undefined ? name : `${name} with a value`).join(", ");

/** A percentage in words. */
export const formatShare = (share: number): string => `${share} % of the requests`;

/** What a route says of the requests that it is for. */
type Conditions = {
  readonly methods?: readonly string[];
  readonly match_headers?: readonly Match[];
  readonly match_query?: readonly Match[];
  readonly match_cookies?: readonly Match[];
  readonly share?: number;
  readonly sticky_session_cookie?: string;
  readonly sticky_session_max_age?: number;
  readonly sticky_session_secure?: boolean;
};

/** The variant that a route is; `undefined` where it is for all requests. */
export function variantOf(data: Conditions): Variant | undefined {
  if (!isVariant(data)) return undefined;
  const { methods = [], match_headers = [], match_query = [], match_cookies = [], share } = data;
  const conditions = [
    ...methods.length === 0 ? [] : [["m", ...[...new Set(methods)].sort()].join(VALUE)],
    ...conditionsOf("h", match_headers),
    ...conditionsOf("q", match_query),
    ...conditionsOf("c", match_cookies),
  ].sort();
  const text = conditions.join(CONDITION);
  const hash = sha256(share === undefined ? text : `${text}${CONDITION}share`).slice(0, 16);
  const cookie = share === undefined ? undefined : drawCookie(data);
  return { hash, text, count: conditions.length, share, ...cookie && { cookie } };
}

/** Beside the cookie that keeps a client at its container, one that keeps it on its side of a share. */
function drawCookie({
  sticky_session_cookie: name,
  sticky_session_max_age: ageMs,
  sticky_session_secure: isSecure,
}: Conditions): DrawCookie | undefined {
  if (name === undefined) return undefined;
  const age = ageMs === undefined ? "" : `; Max-Age=${Math.round(ageMs / 1_000)}`;
  // The names of servers' cookies have no "~".
  return { name: `${name}~share`, attributes: `${age}${isSecure === true ? "; Secure" : ""}` };
}

/** Whether no request can be for both: they name methods, and none of them is the same. Of other names a request may have all values. */
export function areApart(one: Pick<Variant, "text">, other: Pick<Variant, "text">): boolean {
  const [methods, others] = [methodsOf(one), methodsOf(other)];
  return methods.length > 0 && others.length > 0 && !methods.some((method) => others.includes(method));
}

const methodsOf = ({ text }: Pick<Variant, "text">): readonly string[] =>
  text.split(CONDITION).find((each) => each.startsWith(`m${VALUE}`))?.split(VALUE).slice(1) ?? [];

/** Most containers say none of these keys: nothing is made for them. A list that is said has an element. */
const isVariant = ({ methods, match_headers, match_query, match_cookies, share }: Conditions): boolean =>
  methods !== undefined || match_headers !== undefined || match_query !== undefined ||
  match_cookies !== undefined || share !== undefined;

/** Of a name that comes several times, one of its values is enough; a name alone is enough with any. */
function conditionsOf(kind: string, matches: readonly Match[]): string[] {
  return [...Map.groupBy(matches, ({ name }) => name)].map(([name, all]) => {
    const values = all.some(({ value }) => value === undefined) ? [] : all.map(({ value }) => value ?? "");
    return [`${kind}${name}`, ...[...new Set(values)].sort()].join(VALUE);
  });
}

const SECRET_CONDITION = new RegExp(
  `(?<=${CONDITION})([hqc])([\\w-]+)${VALUE}[^${CONDITION}${BETWEEN_VARIANTS}]+`,
  "gu",
);

/** Variants as they stand in a row, without the values of what proves who somebody is. */
export const shownConditions = (row: string): string =>
  row.replace(
    SECRET_CONDITION,
    (all, kind: string, name: string) => isCredential(name) ? `${kind}${name}${VALUE}${HIDDEN}` : all,
  );

/** A variant as it stands in a row, with the host of hosts.map that stands for it. */
export const variantText = (key: string, { text, share, cookie }: Variant): string => {
  const drawn = cookie === undefined ? [] : [cookie.name, cookie.attributes];
  const draw = share === undefined ? [] : [["s", share, ...drawn].join(VALUE)];
  return [key, ...text === "" ? [] : [text], ...draw].join(CONDITION);
};
