import { expected, type Parsed, parsed } from "./notice.ts";
import type { TableKey } from "./table.ts";

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** A host as routes compare it: lower case, no port, no trailing dot; `*.` in front matches one or more labels. */
export type HostName = Branded<string, "HostName">;
/** A path that begins with `/` and does not end with one; the empty text stands for every path. */
export type PathPrefix = Branded<string, "PathPrefix">;
/** A TCP port, 1 to 65535. */
export type Port = Branded<number, "Port">;
/** An IPv4 or IPv6 address in its usual text form, without brackets. */
export type IpAddress = Branded<string, "IpAddress">;
/** The name of a machine that name servers know: labels in lower case, and not what could be an address. */
export type DnsName = Branded<string, "DnsName">;
/** Where a server is: its address, or a name whose address HAProxy finds out. */
export type ServerAddress = IpAddress | DnsName;
/** A whole id of Docker's, or any short word of letters and digits that a snapshot has in its place. */
export type ContainerId = Branded<string, "ContainerId">;
/** The name of a backend section: letters, digits and `_.:-` (HAProxy manual, section 2.2). */
export type BackendName = Branded<string, "BackendName">;
/**
 * What tells a route from the others for as long as it exists: the name of the section that it has or will have. Rows of
 * tables, counters and the access log go by it, wherever the route is served now.
 */
export type RouteId = BackendName;
/** A flag of a route in hosts.map: lower-case letters and digits. */
export type Flag = string;
/** The name of a server in a backend, of the same alphabet. */
export type ServerName = Branded<string, "ServerName">;

const LABEL_PATTERN = "[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?";
const LABEL = new RegExp(`^${LABEL_PATTERN}$`);
/** A host as most are written, with nothing to change about it. */
const PLAIN_HOST = new RegExp(`^(?:\\*\\.)?${LABEL_PATTERN}(?:\\.${LABEL_PATTERN})*$`);
const EXPECTED_HOST =
  "a host such as www.example.com (letters, digits, - and _ in labels of at most 63, 253 in all)";

/** Reads a host that a container or a user names; `*.` in front is a wildcard (RFC 1123, section 2.1; RFC 6125). */
export function parseHost(text: string): Parsed<HostName> {
  if (text.length <= 253 && PLAIN_HOST.test(text)) return parsed(text as HostName);
  const ascii = toAscii(text.length > 1_000 ? "" : text).toLowerCase().replace(/:[0-9]{1,5}$/, "").replace(
    /\.$/,
    "",
  );
  const name = ascii.startsWith("*.") ? ascii.slice(2) : ascii;
  if (name.length === 0 || ascii.length > 253) return expected(EXPECTED_HOST);
  for (const label of name.split(".")) {
    if (!LABEL.test(label)) return expected(EXPECTED_HOST);
  }
  return parsed(ascii as HostName);
}

/** International names become punycode, as browsers send them; everything else stays as it is. */
function toAscii(text: string): string {
  // deno-lint-ignore no-control-regex
  if (/^[\x00-\x7f]*$/.test(text) || !/^(?:\*\.)?[\p{L}\p{M}\p{N}._-]+$/u.test(text)) return text;
  const wildcard = text.startsWith("*.") ? "*." : "";
  const url = URL.parse(`http://${text.slice(wildcard.length)}/`);
  return url === null ? text : wildcard + url.hostname;
}

/** Reads a hostname that a domain may follow: a host, or `*` for all of the domain's. */
export function parseHostname(text: string): Parsed<HostName> {
  return text === "*" ? parsed(text as HostName) : parseHost(text);
}

/** Whether the host is `*.name`. */
export const isWildcard = (host: HostName): boolean => host.startsWith("*.");

/** The host itself, or the domain of a wildcard: the `Host` of probes and checks. */
export const plainHost = (host: HostName): string => isWildcard(host) ? host.slice(2) : host;

const EXPECTED_PATH =
  "a path such as /app (letters, digits and ._~@%+=:- in its segments, no . or .., 200 in all)";

/** Reads `interlock.context_root`; a trailing slash is dropped, `/` alone is every path. */
export function parsePathPrefix(text: string): Parsed<PathPrefix> {
  const path = text.replace(/\/$/, "");
  if (path === "") return text === "/" ? parsed("" as PathPrefix) : expected(EXPECTED_PATH);
  const isPath = path.length <= 200 && /^(?:\/[A-Za-z0-9._~@%+=:-]+)+$/.test(path) &&
    !/\/(?:\.|%2e){1,2}(?:\/|$)/i.test(path);
  return isPath ? parsed(path as PathPrefix) : expected(EXPECTED_PATH);
}

/** Reads a port number. */
export function parsePort(value: unknown): Parsed<Port> {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65535
    ? parsed(value as Port)
    : expected("a number from 1 to 65535");
}

/** Reads a port that is written in digits, as Docker and command lines write it. */
export function parsePortText(text: string): Parsed<Port> {
  return parsePort(/^[0-9]{1,5}$/.test(text) ? Number(text) : undefined);
}

const OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);

/** Reads an IPv4 or IPv6 address, with or without brackets; no zone (RFC 4291, section 2.2). */
export function parseIp(text: string): Parsed<IpAddress> {
  if (IPV4.test(text)) return parsed(text as IpAddress);
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  if (!/^[0-9a-fA-F:.]{2,45}$/.test(bare) || !bare.includes(":")) return expected("an IP address");
  // The URL parser checks an IPv6 literal in full and gives its canonical form.
  const url = URL.parse(`http://[${bare}]/`);
  return url === null ? expected("an IP address") : parsed(url.hostname.slice(1, -1) as IpAddress);
}

/** Reads the name of a machine; one whose last label is a number is a wrong address (RFC 3696, section 2). */
export function parseDnsName(text: string): Parsed<DnsName> {
  const host = text.includes(":") ? expected("") : parseHost(text);
  if (!host.ok || isWildcard(host.value) || /(?:^|\.)[0-9]+$/.test(host.value)) {
    return expected("a name such as nas.example.com");
  }
  return /(?:^|\.)localhost$/.test(host.value)
    ? expected("127.0.0.1, since name servers do not know localhost")
    : parsed(host.value as string as DnsName);
}

/** Whether a server is known by its name alone. */
export const isDnsName = (address: ServerAddress): address is DnsName =>
  /[^0-9.]/.test(address) && !address.includes(":");

/** A place and port as HAProxy's `server` and `bind` lines take them: `10.0.0.1:80`, `[::1]:80`, `nas.example.com:80`. */
export function formatEndpoint(address: ServerAddress, port: Port): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Reads a container's id: Docker's 64 hexadecimal digits, or a shorter word of letters and digits. */
export function parseContainerId(text: string): Parsed<ContainerId> {
  return /^[A-Za-z0-9_-]{1,64}$/.test(text)
    ? parsed(text as ContainerId)
    : expected("an id of letters and digits");
}

/** The id as Docker's own tools show it: the first 12 characters. */
export const shortId = (id: ContainerId): string => id.slice(0, 12);

/** The key of hosts.map: host and path with a slash after each, so that `/app` never takes `/apple`. */
export function routeKey(host: HostName, path: PathPrefix): TableKey {
  return `${host}${path}/` as TableKey;
}
