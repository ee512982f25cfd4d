import { type Expression, LONGEST_SUBJECT, parseExpression } from "../values/expression.ts";
import {
  type HostName,
  isWildcard,
  parseHost,
  parsePathPrefix,
  type PathPrefix,
  plainHost,
  type RouteId,
} from "../values/names.ts";
import { expected, type Parsed, parsed } from "../values/notice.ts";
import { REDIRECT_PATTERNS_MAP } from "../values/table.ts";
import { patternRow, type RouteRow, rowOf } from "./route_row.ts";

declare const brand: unique symbol;

/**
 * Where a redirect leads, as its row has it: `CODE TAIL SCHEME HOST PATH`. TAIL is `keep` where the request's path and query
 * follow, and `end` where PATH stands in their place. `*` for a scheme or a host is the request's own.
 */
export type Move = string & { readonly [brand]: "Move" };

/** A redirect of a host, or of a path of a host. */
export type PlaceRedirect = { readonly host: HostName; readonly path: PathPrefix; readonly move: Move };
/** A redirect of the paths of a route that match a pattern. */
export type PatternRedirect = { readonly pattern: Expression; readonly move: Move };
/** One redirect that a container asks for. */
export type Redirect = PlaceRedirect | PatternRedirect;

/** The codes of redirects (RFC 9110, section 15.4). */
export const REDIRECT_CODES: readonly number[] = [301, 302, 303, 307, 308];

const EXPECTED =
  '"source target" or "source target code", such as "old.example.com https://www.example.com 301"';
const EXPECTED_SOURCE =
  'a host, a host with a path or ~ and a pattern of paths as the source, such as "old.example.com/app" or "~/blog/(.*)"';
const EXPECTED_TARGET =
  "a URL, a host or a path as the target, such as https://www.example.com, www.example.com/app or /app";

/** Redirects by patterns that a route may have: HAProxy tries one after the other. */
export const MOST_PATTERNS = 32;

/** Reads a redirect: its source, its target and its code, which is 308 where none is said. */
export function parseRedirect(text: string): Parsed<Redirect> {
  const [source = "", target = "", code = "308", more] = text.trim().split(/[ \t]+/);
  if (target === "" || more !== undefined) return expected(EXPECTED);
  if (!REDIRECT_CODES.some((each) => `${each}` === code)) {
    return expected("the code 301, 302, 303, 307 or 308");
  }
  return source.startsWith("~")
    ? readPattern(source.slice(1), target, code)
    : readPlace(source, target, code);
}

function readPlace(source: string, target: string, code: string): Parsed<Redirect> {
  const [, name = "", rest = ""] = /^([^/]*)(.*)$/.exec(source) ?? [];
  const host = parseHost(name);
  const path = rest === "" ? parsed("" as PathPrefix) : parsePathPrefix(rest);
  if (!host.ok || !path.ok) return expected(EXPECTED_SOURCE);
  const to = readTarget(target, 0);
  if (!to.ok) return to;
  // It would come back to itself for ever.
  const isOwn = to.value.host === "*" || to.value.host === host.value;
  if (isOwn && (to.value.path === "" || `${to.value.path}/`.startsWith(`${path.value}/`))) {
    return expected("a target that the source does not match itself");
  }
  return parsed({ host: host.value, path: path.value, move: moveTo(to.value, code) });
}

function readPattern(source: string, target: string, code: string): Parsed<Redirect> {
  const pattern = parseExpression(source);
  if (!pattern.ok) return pattern;
  const to = readTarget(target, pattern.value.groups);
  return to.ok ? parsed({ pattern: pattern.value.text, move: moveTo(to.value, code) }) : to;
}

type Target = { readonly scheme: string; readonly host: string; readonly path: string };

/** A path may name the groups of a pattern (`\1`); a host never does, so that no client can choose where it is sent. */
function readTarget(text: string, groups: number): Parsed<Target> {
  const [, scheme = "*", authority = "", path = ""] =
    /^(https?:\/\/(?!\/))?([^/?#]*)((?:[/][A-Za-z0-9._~@%+=:/?&,;!*#\\-]*)?)$/i.exec(text) ?? [];
  const port = /:[1-9][0-9]{0,4}$/.exec(authority)?.[0] ?? "";
  const host = authority === "" ? undefined : parseHost(authority.slice(0, authority.length - port.length));
  const named = [...path.matchAll(/\\(.?)/g)].map(([, digit = ""]) =>
    /[1-9]/.test(digit) ? Number(digit) : 10
  );
  const isTarget = path.length <= 1_000 &&
    (authority !== "" ? host?.ok && !isWildcard(host.value) : path !== "");
  if (!isTarget || (authority === "" && scheme !== "*") || Number(port.slice(1)) > 65535) {
    return expected(EXPECTED_TARGET);
  }
  if (named.some((group) => group > groups)) {
    return expected(
      groups === 0 ? "no \\ in the target without a pattern with groups" : `\\1 to \\${groups} in the target`,
    );
  }
  return parsed({ scheme: scheme.toLowerCase(), host: host?.ok ? host.value + port : "*", path });
}

const moveTo = ({ scheme, host, path }: Target, code: string): Move =>
  (path === "" ? `${code} keep ${scheme} ${host}` : `${code} end ${scheme} ${host} ${path}`) as Move;

/** Where a redirect leads, as a container writes it, and its code. */
export function readMove(move: Move): { readonly target: string; readonly code: number } {
  const [code, , scheme = "*", host = "*", path = ""] = move.split(" ");
  const own = (part: string) => part === "*" ? "" : part;
  return { target: `${own(scheme)}${own(host)}${path}`, code: Number(code) };
}

/** Whether a redirect is one of a pattern. */
export const isPattern = (redirect: Redirect): redirect is PatternRedirect => "pattern" in redirect;

/** What a redirect is about: a host and a path, or `~` and a pattern. */
export const sourceOf = (redirect: Redirect): string =>
  isPattern(redirect) ? `~${redirect.pattern}` : redirect.host + redirect.path;

/** The rows of a route's patterns, each once, in their order: the first that matches counts. */
export const patternRows = (redirects: readonly PatternRedirect[], route: RouteId): readonly RouteRow[] =>
  redirects.map(({ pattern, move }) => patternRow(route, pattern, move, REDIRECT_PATTERNS_MAP));

/** A host that all others of a route are redirected to, or which of a route's own host with and without `www.` it is. */
export type CanonicalHost = HostName | "www" | "naked";

/** Reads `canonical_host`. */
export function parseCanonicalHost(text: string): Parsed<CanonicalHost> {
  if (text === "www" || text === "naked") return parsed(text);
  const host = parseHost(text);
  return host.ok && !isWildcard(host.value) && host.value.includes(".")
    ? parsed(host.value)
    : expected("www, naked, or a host such as www.example.com");
}

/** The hosts that a route serves for its canonical host, that one first. */
export function canonicalHosts(own: HostName, canonical: CanonicalHost): readonly HostName[] {
  if (canonical !== "www" && canonical !== "naked") return [canonical];
  const naked = plainHost(own).replace(/^www[.](?=.)/, "") as HostName;
  const www = `www.${naked}` as HostName;
  return canonical === "www" ? [www, naked] : [naked, www];
}

/** The row of a canonical host. */
export const canonicalRows = (host: HostName, route: RouteId): readonly RouteRow[] => [
  rowOf(route, "canonical", `308 keep * ${host}`),
];

/** Paths that are longer than this are not looked for among patterns. */
export const LONGEST_PATTERN_PATH = LONGEST_SUBJECT;
