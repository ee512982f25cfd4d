import { type HostName, plainHost, type ServerName } from "../values/names.ts";
import { expected, type Parsed, parsed } from "../values/notice.ts";
import { HIDDEN, isCredential, shownUrl } from "../values/secret_text.ts";
import { hostInName } from "../values/section_names.ts";

/** A health check of the `option` family (HAProxy manual, 4.2), already written for the configuration. */
export type HealthCheck = {
  /** `httpchk GET /`: what stands after `option`; `undefined` for a plain connection. */
  readonly option: string | undefined;
  /** `http-check` lines that go with it, without the keyword in front. */
  readonly lines: readonly string[];
};

/** The check of a container that names none: a connection (HAProxy manual, 5.2, `check`). */
export const CONNECT_CHECK: HealthCheck = { option: undefined, lines: [] };

const EXPECTED = "a check as after HAProxy's option, such as httpchk GET /health, tcp-check or redis-check";
const METHOD = /^(?:GET|HEAD|OPTIONS|POST|PUT)$/;
const TARGET = /^(?:\/[A-Za-z0-9._~!$&()*+,;=:@%/?-]{0,255}|\*)$/;
const USER = /^[A-Za-z0-9_.-]{1,32}$/;
const DOMAIN = /^[A-Za-z0-9.-]{1,253}$/;

/** In old configurations `\r\n` and `\ ` are HAProxy's own escapes inside the version word. */
const LINE_END = /\\r\\n|\r\n/;

/**
 * The route's host, for `http-check send`: the first part of the server's name, without what stands for a wildcard's `*.`
 * (`hostInName` in section_names.ts). So all hosts that are checked alike are of one shape, and a new one can take a spare.
 */
const ROUTE_HOST = "%[srv_name,field(1,:),regsub(^_.,)]";

/**
 * Reads `check`, written as after HAProxy's `option` (manual, 4.2). Only checks that end in one answer of the server
 * are taken: `external-check` runs programs on the host. Headers that followed `httpchk`'s version, which HAProxy
 * refuses from 2.8 on, become `http-check send`. A request by HTTP/1.1 has a Host (RFC 9112, section 3.2): the route's, where
 * the check names none. One by HTTP/1.0 needs none, and goes on as it was written.
 */
export function parseHealthCheck(text: string): Parsed<HealthCheck> {
  const [line = "", ...headerLines] = text.trim().split(LINE_END);
  const [name = "", ...args] = line.replaceAll("\\ ", " ").split(/ +/);
  if (name === "httpchk") return parseHttpCheck(args, headerLines);
  if (headerLines.length > 0) return expected(EXPECTED);
  const written = parsePlainCheck(name, args);
  return written === undefined ? expected(EXPECTED) : parsed({ option: written, lines: [] });
}

function parsePlainCheck(name: string, args: readonly string[]): string | undefined {
  const [first = "", second = ""] = args;
  switch (name) {
    case "tcp-check":
    case "ssl-hello-chk":
    case "redis-check":
    case "ldap-check":
      return args.length === 0 ? name : undefined;
    case "smtpchk":
      if (args.length === 0) return name;
      return args.length === 2 && /^(?:HELO|EHLO)$/.test(first) && DOMAIN.test(second)
        ? `${name} ${first} ${second}`
        : undefined;
    case "mysql-check":
      if (args.length === 0) return name;
      return args.length === 2 && first === "user" && USER.test(second)
        ? `${name} user ${second}`
        : undefined;
    case "pgsql-check":
      return args.length === 2 && first === "user" && USER.test(second)
        ? `${name} user ${second}`
        : undefined;
    default:
      return undefined;
  }
}

function parseHttpCheck(args: readonly string[], headerLines: readonly string[]): Parsed<HealthCheck> {
  const [method = "OPTIONS", target = "/", version, ...more] = args.length === 1
    ? ["OPTIONS", ...args]
    : args;
  if (!METHOD.test(method) || !TARGET.test(target) || more.length > 0) return expected(EXPECTED);
  if (version !== undefined && !/^HTTP\/1\.[01]$/.test(version)) {
    return expected("httpchk METHOD PATH with HTTP/1.0 or HTTP/1.1 after it, or nothing");
  }
  const headers: string[] = [];
  for (const header of headerLines) {
    const match = /^([A-Za-z][A-Za-z0-9-]{0,63}):(?:\\ | )*([A-Za-z0-9._:/*+=,;-]{1,200})$/.exec(header);
    if (match === null) return expected("plain headers after httpchk, such as \\r\\nHost:\\ www.example.com");
    headers.push(`hdr ${match[1]} ${match[2]}`);
  }
  const isNamed = headers.some((header) => /^hdr host /i.test(header));
  if (version === "HTTP/1.1" && !isNamed) headers.unshift(`hdr Host ${ROUTE_HOST}`);
  const option = ["httpchk", ...(args.length === 0 ? [] : [method, target]), ...(version ? [version] : [])]
    .join(" ");
  return parsed({ option, lines: headers.length === 0 ? [] : [`send ${headers.join(" ")}`] });
}

/** In place of a header's value: it can be read as one, so that the check stays what it is. */
const NO_VALUE = "...";

/** A check as a saved snapshot has it: without the values of headers that prove who somebody is. */
export function keptCheck(text: string): string {
  if (!parseHealthCheck(text).ok) return HIDDEN;
  const [line = "", ...headers] = text.split(LINE_END);
  return [
    line,
    ...headers.map((header) => isCredential(header) ? header.replace(/:.*$/s, `:\\ ${NO_VALUE}`) : header),
  ].join("\\r\\n");
}

/** A check in words, without its headers and its query: of a wrong one, what is nearly the request's line. */
export function shownCheck(text: string): string {
  const [line = ""] = text.trim().split(LINE_END);
  const words = line.replaceAll("\\ ", " ").split(/ +/);
  const isTold = (word: string, at: number) => at < 3 || (at === 3 && /^HTTP\/[0-9.]+$/.test(word));
  const end = words.findIndex((word, at) => !isTold(word, at));
  const shown = words.slice(0, end < 0 ? undefined : end).map(shownUrl).join(" ");
  return shown === text.trim() ? shown : `${shown}${shown.endsWith(HIDDEN) ? "" : HIDDEN}`;
}

/** A line of haproxy.cfg without the values of such headers of a check. */
export const shownCheckLine = (line: string): string =>
  /^\s*http-check send /.test(line)
    ? line.replace(
      /( hdr )(\S+) (\S+)/g,
      (all, word: string, name: string) => isCredential(name) ? `${word}${name} ${HIDDEN}` : all,
    )
    : line;

/** The check of a backend whose host the names of some of its servers do not begin with: it names the host itself. */
export function withHost(check: HealthCheck, host: HostName, servers: readonly ServerName[]): HealthCheck {
  const own = `${hostInName(host)}:`;
  if (!sendsRouteHost(check) || servers.every((name) => name.startsWith(own))) return check;
  return { ...check, lines: check.lines.map((line) => line.replace(ROUTE_HOST, () => plainHost(host))) };
}

const sendsRouteHost = ({ lines }: HealthCheck): boolean => lines.some((line) => line.includes(ROUTE_HOST));

/**
 * The request of an HTTP check, as HAProxy sends it to a container of the host (manual, 4.2, `option httpchk`);
 * `undefined` for other checks.
 */
export function checkRequest({ option, lines }: HealthCheck, host: HostName): string | undefined {
  const [name, method = "OPTIONS", target = "/", version = "HTTP/1.0"] = option?.split(" ") ?? [];
  if (name !== "httpchk") return undefined;
  const headers = lines.flatMap((line) => [...line.matchAll(/\bhdr (\S+) (\S+)/g)]).map(([, key, value]) =>
    `${key}: ${value === ROUTE_HOST ? plainHost(host) : value}\r\n`
  );
  return `${method} ${target} ${version}\r\n${headers.join("")}Connection: close\r\n\r\n`;
}

/** What could be wrong with an HTTP check that a container answers with a status of 4xx; `undefined` for no idea. */
export function adviceOn({ option, lines }: HealthCheck): string | undefined {
  const isBare = option !== undefined && /^httpchk\b/.test(option) && !option.endsWith(" HTTP/1.1") &&
    !lines.some((line) => /\bhdr host /i.test(line));
  return isBare ? "its check sends no Host: with HTTP/1.1 after the path it sends the route's" : undefined;
}
