import type { Complaint } from "../values/complaints.ts";
import { parseHost, type RouteId } from "../values/names.ts";
import { expected, type Parsed, parsed } from "../values/notice.ts";
import { HIDDEN, isCredential } from "../values/secret_text.ts";
import { LONGEST_VALUE } from "../values/table.ts";
import { type RouteRow, rowOf } from "./route_row.ts";

declare const brand: unique symbol;

/** A header that is set (`Name: value`) or deleted (`-Name`), as headers.lua takes it. */
export type HeaderChange = string & { readonly [brand]: "HeaderChange" };

/** Header changes that one route may ask for, of requests and of answers each. */
export const MOST_CHANGES = 32;

/** Stands between the changes in a row, as headers.lua knows it. */
const SEPARATOR = "␞";

/** What frames a message or belongs to one connection (RFC 9110, section 7.6.1; RFC 9112, section 6). */
const FRAMING = [
  ...["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"],
  ...["content-length", "http2-settings", "proxy-authenticate", "proxy-authorization"],
];
/** In which a container gets the user whose password was right. */
export const USER_HEADER = "remote-user";
/** What HAProxy itself says to containers, and the mark by which it knows a request that comes back. */
const OURS = ["host", "cdn-loop", "forwarded", "x-real-ip", "expect", USER_HEADER];
/** Who asked, by which address and certificate. */
const OUR_PREFIXES = ["x-forwarded-", "x-client-cert-"];

const EXPECTED = '"Name: value", or "-Name" to delete it';

/** Reads an element of `request_headers`. */
export function parseRequestHeader(text: string): Parsed<HeaderChange> {
  return parseChange(text, isOfHaproxy);
}

/** Whether a request's header is HAProxy's own to say, or frames the message; the name as `headerKey` has it. */
export const isOfHaproxy = (key: string): boolean =>
  FRAMING.includes(key) || OURS.includes(key) || OUR_PREFIXES.some((prefix) => key.startsWith(prefix));

/** Reads an element of `response_headers`. */
export const parseResponseHeader = (text: string): Parsed<HeaderChange> =>
  parseChange(text, (name) => FRAMING.includes(name));

function parseChange(text: string, isOurs: (name: string) => boolean): Parsed<HeaderChange> {
  const [, minus, name = "", value] = /^\s*(-?)([A-Za-z0-9_][A-Za-z0-9_-]{0,63})(?:\s*:(.*))?$/s.exec(text) ??
    [];
  if (name === "" || (minus === "-") !== (value === undefined)) return expected(EXPECTED);
  if (isOurs(headerKey(name))) {
    return expected(`another header than ${name}, which HAProxy sets itself`);
  }
  if (value === undefined) return parsed(`-${name}` as HeaderChange);
  const trimmed = value.trim();
  if (trimmed === "") return expected(EXPECTED);
  // deno-lint-ignore no-control-regex
  return /[\x00-\x1f\x7f-\x9f\u2028\u2029␞]/.test(trimmed) || !trimmed.isWellFormed()
    ? expected("a value on one line, without control characters and ␞")
    : parsed(`${name}: ${trimmed}` as HeaderChange);
}

/** A header's name as names are compared: software behind a gateway interface takes `_` for `-`. */
export const headerKey = (name: string): string => name.toLowerCase().replaceAll("_", "-");

/** Changes of requests without those of the headers that another container has from the service that says who comes in. */
export function splitAnswered(
  changes: readonly HeaderChange[],
  { forward_auth_headers: names = [] }: { readonly forward_auth_headers?: readonly string[] },
): { readonly kept: readonly HeaderChange[]; readonly left: readonly string[] } {
  const answered = new Set(names.map(headerKey));
  const isAnswered = (change: HeaderChange) => answered.has(headerKey(nameOf(change)));
  return {
    kept: changes.filter((change) => !isAnswered(change)),
    left: changes.filter(isAnswered).map(nameOf),
  };
}

/** A change as a saved snapshot has it: without the value of a header that proves who somebody is. */
export const keptChange = (parse: (text: string) => Parsed<HeaderChange>) => (text: string): string => {
  const change = parse(text);
  if (!change.ok) return HIDDEN;
  return shownChange(change.value) === change.value ? text : shownChange(change.value);
};

/** Changes as they stand in a row, without the values of headers that prove who somebody is. */
export const shownChanges = (row: string): string => row.split(SEPARATOR).map(shownChange).join(SEPARATOR);

const shownChange = (change: string): string =>
  isCredential(nameOf(change as HeaderChange)) && !change.startsWith("-")
    ? `${nameOf(change as HeaderChange)}: ${HIDDEN}`
    : change;

const nameOf = (change: HeaderChange): string => change.replace(/^-|:.*$/gs, "");

/** An element of a list, from the name and the value that an object of JSON has in its place. */
export const changeFromPair = (name: string, value: string | undefined): string =>
  value === undefined ? `-${name}` : `${name}: ${value}`;

/** The changes that have room in one row, in their order; calls `tell` where some have none. */
export function fittingChanges(
  key: string,
  changes: readonly HeaderChange[] | undefined,
  tell: (complaint: Complaint) => void,
): readonly HeaderChange[] | undefined {
  if (changes === undefined) return undefined;
  const fitting: HeaderChange[] = [];
  let room = LONGEST_VALUE;
  for (const change of changes) {
    const size = bytesOf(change) + bytesOf(SEPARATOR);
    if (size > room) continue;
    room -= size;
    fitting.push(change);
  }
  const left = changes.length - fitting.length;
  if (left > 0) {
    const message =
      `${key} is too long by ${left} of its headers, expected at most ${LONGEST_VALUE} bytes in all; they are left out`;
    tell({ severity: "warning", code: "too-many", message });
  }
  return fitting;
}

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** Makes the row of a route's header changes, by the word that it stands under. */
export const changeRows =
  (word: string) => (changes: readonly HeaderChange[], route: RouteId): readonly RouteRow[] =>
    changes.length === 0 ? [] : [rowOf(route, word, changes.join(SEPARATOR))];

/** Reads `host_header`: the name of a host, with or without a port. */
export function parseHostHeader(text: string): Parsed<string> {
  const [, name = "", port = ""] = /^(.+?)(:[1-9][0-9]{0,4})?$/.exec(text.trim()) ?? [];
  const host = parseHost(name);
  return host.ok && !host.value.startsWith("*") && Number(port.slice(1)) <= 65535
    ? parsed(host.value + port)
    : expected("a host such as app.internal or app.internal:8080");
}
