import { expected, type Parsed, parsed } from "../values/notice.ts";

/** How a backend spreads requests, as after HAProxy's `balance`. */
export type Balance = string;

const PLAIN = new Set(["roundrobin", "static-rr", "leastconn", "first", "source", "random", "uri"]);
const EXPECTED =
  "roundrobin, leastconn, random, random(N), first, static-rr, source, uri, hdr(NAME) or url_param NAME";

/** Reads an algorithm of HAProxy's `balance` (manual, section 4.2) that needs nothing else in the config. */
export function parseBalance(text: string): Parsed<Balance> {
  const words = text.trim();
  if (PLAIN.has(words)) return parsed(words);
  if (/^random\((?:[1-9]|[1-9][0-9])\)$/.test(words)) return parsed(words);
  if (/^hdr\([A-Za-z][A-Za-z0-9-]{0,63}\)$/.test(words)) return parsed(words);
  const parameter = /^url_param +([A-Za-z0-9_-]{1,64})$/.exec(words);
  return parameter ? parsed(`url_param ${parameter[1]}`) : expected(EXPECTED);
}

/** Whether the algorithm hashes something of the request; such backends hash consistently, so that a server that joins moves few clients. */
export function isHashing(balance: Balance): boolean {
  return /^(?:source|uri|hdr\(|url_param )/.test(balance);
}

/** Whether servers can be added at run time (HAProxy's management guide, `add server`: a dynamic algorithm only). */
export function isDynamic(balance: Balance): boolean {
  return balance !== "static-rr";
}
