import { parseHost, type RouteId } from "../values/names.ts";
import { expected, type Parsed, parsed } from "../values/notice.ts";
import { type RouteRow, rowOf } from "./route_row.ts";

/** Elements of each list about other sites. */
export const MOST_CORS = 32;

const EXPECTED_ORIGIN = "an origin such as https://app.example.com, or *";
/** Browsers leave out the port that a scheme has by itself. */
const OWN_PORTS: ReadonlySet<string> = new Set(["http:80", "https:443"]);

/** Reads an element of `cors_origins`: scheme, host and port, as browsers write them, or `*`. */
export function parseOrigin(text: string): Parsed<string> {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === "*") return parsed("*");
  const [, scheme = "", authority = "", port] =
    /^([a-z][a-z0-9+.-]{0,30}):\/\/([^/:?#@\s]+|\[[0-9a-f:.]+\])(?::([1-9][0-9]{0,4}))?\/?$/.exec(trimmed) ??
      [];
  const host = authority.startsWith("[") ? parsed(authority) : parseHost(authority);
  if (!host.ok || host.value.startsWith("*") || Number(port ?? 1) > 65535) return expected(EXPECTED_ORIGIN);
  const isOwn = port === undefined || OWN_PORTS.has(`${scheme}:${port}`);
  return parsed(`${scheme}://${host.value}${isOwn ? "" : `:${port}`}`);
}

/** Reads an element of `cors_methods`. */
export function parseMethod(text: string): Parsed<string> {
  const method = text.trim().toUpperCase();
  return /^(?:[A-Z]{1,20}|[*])$/.test(method) ? parsed(method) : expected("one method such as PUT, or *");
}

/** Reads an element of `cors_headers`. */
export function parseHeaderName(text: string): Parsed<string> {
  const name = text.trim();
  return /^(?:[A-Za-z0-9_-]{1,64}|[*])$/.test(name)
    ? parsed(name)
    : expected("one header's name such as Content-Type, or *");
}

type Beside = { readonly cors_origins?: readonly string[] };

/** The rows of origins: what Access-Control-Allow-Origin says to each. */
export const originRows = (origins: readonly string[], route: RouteId): readonly RouteRow[] =>
  [...new Set(origins)].map((origin) => rowOf(route, `cors|${origin}`, origin));

/** The row of a list that preflights get. */
export const listRows = (word: string) => (list: readonly string[], route: RouteId): readonly RouteRow[] =>
  list.length === 0 ? [] : [rowOf(route, word, [...new Set(list)].join(", "))];

/** The row that lets sites ask with cookies; never beside `*`, which would let every site act for its visitors. */
export const credentialRows = (
  _is: true,
  route: RouteId,
  { cors_origins: origins = [] }: Beside,
): readonly RouteRow[] => origins.includes("*") ? [] : [rowOf(route, "corscredentials", "true")];
