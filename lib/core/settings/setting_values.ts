import { parseSources } from "../keys/access.ts";
import { formatNetwork } from "../values/network.ts";
import { type HaproxyVersion, isAtLeast } from "../keys/backend_option.ts";
import {
  formatEndpoint,
  type IpAddress,
  parseHost,
  parseIp,
  parsePortText,
  type Port,
} from "../values/names.ts";
import { expected, type Parsed, parsed } from "../values/notice.ts";

/** Where to look for a container: at the engine's published ports, at its own address, or what fits the engine. */
export type AddressMode = "published" | "container" | "auto";

/** The oldest HAProxy that the configuration is written for. */
export const OLDEST_HAPROXY: HaproxyVersion = [2, 4];

/** Which requests are logged: what failed and what HAProxy refused, every one, or none. */
export type AccessLogMode = "errors" | "all" | "off";
/** Which clients may speak TLS: Mozilla's "intermediate" or "modern". */
export type TlsProfile = "intermediate" | "modern";
/** How the program's own log is written. */
export type LogFormat = "text" | "json";
/** The least severe line that the log shows. */
export type LogLevel = "error" | "warn" | "info" | "debug";

/** Reads any text. */
export const anyText = (text: string): Parsed<string> => parsed(text);

/** The names of standard input: the runtime opens none of them as a file. */
const STANDARD_INPUT = ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"];

/** Reads a file's path, or "-" for standard input under any of its names. */
export const parseSource = (text: string): Parsed<string> =>
  parsed(STANDARD_INPUT.includes(text) ? "-" : text);

/** Reads the path of a file of routes; a comma stands between two of them in the environment. */
export const parseRoutesFile = (text: string): Parsed<string> =>
  // deno-lint-ignore no-control-regex
  text === "" || STANDARD_INPUT.includes(text) || /[\x00-\x1f,]/.test(text)
    ? expected("the path of a YAML or JSON file, without commas")
    : parsed(text);

/** Reads the path of a file that is read again and again, which standard input cannot be. */
export const parseFilePath = (text: string): Parsed<string> =>
  // deno-lint-ignore no-control-regex
  text === "" || STANDARD_INPUT.includes(text) || /[\x00-\x1f]/.test(text)
    ? expected("the path of a file")
    : parsed(text);

/** Reads a path that can stand between quotes in an HAProxy configuration. */
export const pathText = (text: string): Parsed<string> =>
  // deno-lint-ignore no-control-regex
  text === "" || /[\x00-\x1f"'\\$]/.test(text)
    ? expected("a path without control characters, quotes, $ and backslashes")
    : parsed(text);

/** Reads a whole number within bounds. */
export function number(least: number, most: number): (text: string) => Parsed<number> {
  return (text) =>
    /^[0-9]{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most
      ? parsed(Number(text))
      : expected(`a whole number from ${least} to ${most}`);
}

/** Reads a switch as environment variables write it. */
export function parseSwitch(text: string): Parsed<boolean> {
  if (/^(?:true|1|yes|on)$/i.test(text)) return parsed(true);
  return /^(?:false|0|no|off)$/i.test(text) ? parsed(false) : expected("true or false");
}

/** Reads an engine's URL (Docker's `-H`). */
export function parseDockerHost(text: string): Parsed<string> {
  const isUrl = /^unix:\/\/\/[^\s]+$/.test(text) || /^(?:tcp|https?):\/\/[^\s/]+\/?$/.test(text) ||
    /^ssh:\/\/[^\s/]+(?:\/[^\s]*)?$/.test(text);
  return isUrl ? parsed(text) : expected("unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST");
}

/** Reads a version of HAProxy, 2.4 or later. */
export function parseHaproxyVersion(text: string): Parsed<HaproxyVersion> {
  const match = /^([0-9]{1,2})\.([0-9]{1,2})(?:\.|$)/.exec(text);
  const version = match === null ? undefined : [Number(match[1]), Number(match[2])] as const;
  return version !== undefined && isAtLeast(version, OLDEST_HAPROXY)
    ? parsed(version)
    : expected("2.4 or later, such as 2.6");
}

/** Reads `--address`. */
export function parseAddressMode(text: string): Parsed<AddressMode> {
  return text === "published" || text === "container" || text === "auto"
    ? parsed(text)
    : expected("published, container or auto");
}

/** Reads an IP address or the name of a host. */
export function parseAddressOrName(text: string): Parsed<string> {
  const address = parseIp(text);
  if (address.ok) return address;
  const host = parseHost(text);
  return host.ok ? host : expected("an IP address or a host's name");
}

/** Reads words for HAProxy's bind line (manual, section 5.1). */
export function parseLine(text: string): Parsed<string> {
  // deno-lint-ignore no-control-regex
  return /[\x00-\x1f\x7f#]/.test(text)
    ? expected("words of HAProxy's bind line, on one line")
    : parsed(text.trim());
}

/** Reads a user name. */
export function parseWord(text: string): Parsed<string> {
  return /^[A-Za-z0-9_.@-]{1,64}$/.test(text) ? parsed(text) : expected("a name of letters, digits and _.@-");
}

/** Reads a password. */
export function parseSecret(text: string): Parsed<string> {
  // deno-lint-ignore no-control-regex
  return /^[^\x00-\x1f\x7f]{1,256}$/.test(text)
    ? parsed(text)
    : expected("one line of at most 256 characters");
}

/** Reads a target of HAProxy's `log` (manual, section 3.1). */
export function parseSyslog(text: string): Parsed<string> {
  return /^(?:\/[A-Za-z0-9_./-]+|[A-Za-z0-9.-]+(?::[0-9]{1,5})?|\[[0-9a-fA-F:]+\](?::[0-9]{1,5})?)$/.test(
      text,
    )
    ? parsed(text)
    : expected("ADDRESS:PORT or a socket's path");
}

/** Reads `--log-format`. */
export function parseLogFormat(text: string): Parsed<LogFormat> {
  return text === "text" || text === "json" ? parsed(text) : expected("text or json");
}

/** Reads `--access-log`. */
export function parseAccessLogMode(text: string): Parsed<AccessLogMode> {
  return text === "errors" || text === "all" || text === "off"
    ? parsed(text)
    : expected("errors, all or off");
}

/** Reads `--tls-profile`. */
export function parseTlsProfile(text: string): Parsed<TlsProfile> {
  return text === "intermediate" || text === "modern" ? parsed(text) : expected("intermediate or modern");
}

/** Reads `--log-level`. */
export function parseLogLevel(text: string): Parsed<LogLevel> {
  return text === "error" || text === "warn" || text === "info" || text === "debug"
    ? parsed(text)
    : expected("error, warn, info or debug");
}

/** Networks that one setting may name; an HAProxy has to look through them for each connection. */
const MOST_NETWORKS = 256;

/** Reads networks between commas, each as HAProxy's `src` takes it: `10.0.0.0/8, internal`. */
export function parseNetworks(text: string): Parsed<readonly string[]> {
  const networks: string[] = [];
  for (const part of text.split(",")) {
    const sources = parseSources(part);
    if (!sources.ok) return sources;
    networks.push(...sources.value.map(formatNetwork));
  }
  return networks.length <= MOST_NETWORKS ? parsed(networks) : expected(`at most ${MOST_NETWORKS} networks`);
}

/** Reads the name of a header (RFC 9110, section 5.6.2), of the characters that such names have. */
export function parseHeaderName(text: string): Parsed<string> {
  return /^[A-Za-z0-9-]{1,64}$/.test(text)
    ? parsed(text)
    : expected("a header's name, such as CF-Connecting-IP");
}

/** An address and port to listen on. */
export type Listener = { readonly hostname: IpAddress; readonly port: Port };

/** Reads `127.0.0.1:9000` or `[::1]:9000`. */
export function parseListener(text: string): Parsed<Listener> {
  const match = /^(.+):([0-9]+)$/.exec(text);
  const hostname = parseIp(match?.[1] ?? "");
  const port = parsePortText(match?.[2] ?? "");
  return hostname.ok && port.ok
    ? parsed({ hostname: hostname.value, port: port.value })
    : expected("ADDRESS:PORT, such as 127.0.0.1:9000");
}

/** Reads the address of a name server, at port 53 where none is named; as HAProxy's `nameserver` takes it. */
export function parseNameServer(text: string): Parsed<string> {
  const alone = parseIp(text);
  const listener = alone.ok ? parsed({ hostname: alone.value, port: 53 as Port }) : parseListener(text);
  return listener.ok
    ? parsed(formatEndpoint(listener.value.hostname, listener.value.port))
    : expected("ADDRESS:PORT, such as 10.0.0.1:53");
}

/** Where the admin page is served: at an address and port, or at a unix socket. */
export type AdminPlace = Listener | { readonly socket: string };

/** Reads `127.0.0.1:9000`, `[::1]:9000` or `unix:/run/signalbox-admin.sock`. */
export function parseAdminPlace(text: string): Parsed<AdminPlace> {
  const socket = /^unix:(?:\/\/)?(\/.*[^/])$/.exec(text)?.[1];
  if (socket !== undefined) {
    // The longest path that a socket may have (unix(7)).
    const path = pathText(socket);
    return path.ok && new TextEncoder().encode(socket).length <= 107
      ? parsed({ socket })
      : expected("unix:/PATH of at most 107 bytes");
  }
  const listener = parseListener(text);
  return listener.ok ? listener : expected("ADDRESS:PORT, such as 127.0.0.1:9000, or unix:/PATH");
}

/** Ports from one to another, both among them. */
export type PortRange = { readonly first: Port; readonly last: Port };

/** Reads ports and ranges of them between commas: `5432,6379,9000-9099`. */
export function parsePortRanges(text: string): Parsed<readonly PortRange[]> {
  const ranges: PortRange[] = [];
  for (const part of text.split(",")) {
    const [, first = "", last = first] = /^\s*([0-9]{1,5})(?:-([0-9]{1,5}))?\s*$/.exec(part) ?? [];
    const [from, to] = [parsePortText(first), parsePortText(last)];
    if (!from.ok || !to.ok || from.value > to.value) {
      return expected("ports and ranges of them, such as 5432,9000-9099");
    }
    ranges.push({ first: from.value, last: to.value });
  }
  return parsed(ranges);
}
