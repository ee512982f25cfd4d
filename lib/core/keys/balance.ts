import { expected, type Parsed, parsed } from "../values/notice.ts";
import { type HaproxyVersion, isAtLeast } from "./backend_option.ts";

/** How a backend spreads requests, as after HAProxy's `balance`. */
export type Balance = string;

const PLAIN: ReadonlySet<string> = new Set([
  "roundrobin",
  "static-rr",
  "leastconn",
  "first",
  "source",
  "random",
  "uri",
]);
const EXPECTED = "roundrobin, leastconn, random, random N, first, static-rr, source, " +
  "hash header NAME, hash cookie NAME, hash query NAME or hash path";

/** Names of cookies that clients send (RFC 6265, section 4.1.1), of letters that HAProxy's expressions take as they are. */
const COOKIE = /^[A-Za-z0-9_.-]{1,64}$/;
const HEADER = /^[A-Za-z][A-Za-z0-9-]{0,63}$/;
const PARAMETER = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Reads an algorithm of HAProxy's `balance` (manual, section 4.2) that needs nothing else in the config, as HAProxy has it or
 * in words of ours: `hash header NAME`.
 */
export function parseBalance(text: string, version: HaproxyVersion): Parsed<Balance> {
  const words = text.trim().split(/ +/);
  const [first = "", ...more] = words;
  if (more.length === 0) return parsePlain(first);
  if (first === "hash") return parseHash(more, version);
  const [argument = "", ...others] = more;
  if (others.length > 0) return expected(EXPECTED);
  if (first === "random" && /^[1-9][0-9]?$/.test(argument)) return parsed(`random(${argument})`);
  return first === "url_param" && PARAMETER.test(argument)
    ? parsed(`url_param ${argument}`)
    : expected(EXPECTED);
}

function parsePlain(word: string): Parsed<Balance> {
  // Other proxies' word for it.
  if (word === "ip_hash") return parsed("source");
  const header = /^hdr\((.*)\)$/.exec(word)?.[1];
  const isRight = PLAIN.has(word) || /^random\([1-9][0-9]?\)$/.test(word) ||
    (header !== undefined && HEADER.test(header));
  return isRight ? parsed(word) : expected(EXPECTED);
}

function parseHash(
  [what, name = "", ...others]: readonly string[],
  version: HaproxyVersion,
): Parsed<Balance> {
  if (others.length > 0) return expected(EXPECTED);
  if (what === "path") return name === "" ? parsed("uri path-only") : expected(EXPECTED);
  if (what === "header" && HEADER.test(name)) return parsed(`hdr(${name})`);
  if (what === "query" && PARAMETER.test(name)) return parsed(`url_param ${name}`);
  if (what !== "cookie" || !COOKIE.test(name)) return expected(EXPECTED);
  return isAtLeast(version, [2, 6])
    ? parsed(`hash req.cook(${name})`)
    : expected("HAProxy 2.6 or later for hash cookie");
}

/** Whether the algorithm hashes something of the request; such backends hash consistently, so that a server that joins moves few clients. */
export function isHashing(balance: Balance): boolean {
  return /^(?:source|uri|hdr\(|url_param |hash )/.test(balance);
}

/** Whether servers can be added at run time (HAProxy's management guide, `add server`: a dynamic algorithm only). */
export function isDynamic(balance: Balance): boolean {
  return balance !== "static-rr";
}

/** Whether the algorithm needs nothing of a request, so that it spreads connections of TCP too. */
export function isForStreams(balance: Balance): boolean {
  return /^(?:roundrobin|static-rr|leastconn|first|source|random)/.test(balance);
}
