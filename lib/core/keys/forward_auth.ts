import { isLoopback, whyNoContainers } from "../values/container_address.ts";
import {
  formatEndpoint,
  type IpAddress,
  parseIp,
  parsePort,
  parsePortText,
  type Port,
  type RouteId,
} from "../values/names.ts";
import { HIDDEN, withoutQuery } from "../values/secret_text.ts";
import { headerKey, isOfHaproxy, USER_HEADER } from "./header_change.ts";
import { expected, type Parsed, parsed } from "../values/notice.ts";
import { type RouteRow, rowOf } from "./route_row.ts";

/** A service that decides who comes in; without an address, the route is closed. */
export type AuthService = {
  /** The container that it runs in, where one is named. */
  readonly container: string | undefined;
  readonly address: IpAddress | undefined;
  readonly port: Port;
  /** The path and query of the request to it. */
  readonly path: string;
};

const FORM = /^(?<scheme>https?:\/\/)?(?<host>\[[^\]]*\]|[^/:?[\]]+)(?::(?<port>[0-9]+))?(?<path>[/?].*)?$/i;
const PATH = /^\/[A-Za-z0-9._~!$&()*+,;=:@%/?-]{0,500}$/;
const CONTAINER = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
const EXPECTED = "a container and its port such as authelia:9091/api/verify, or http:// with an address";

/** Reads `forward_auth`: `NAME:PORT/PATH` of a container, or a URL with an address. */
export function parseAuthService(text: string): Parsed<AuthService> {
  const { scheme, host = "", port, path = "" } = FORM.exec(text)?.groups ?? {};
  if (scheme?.toLowerCase() === "https://") {
    return expected(`http:// without TLS, since HAProxy would not look at the certificate: ${EXPECTED}`);
  }
  const whole = path.startsWith("/") ? path : `/${path}`;
  const number = port === undefined ? parsePort(scheme === undefined ? undefined : 80) : parsePortText(port);
  if (!number.ok || !PATH.test(whole)) return expected(EXPECTED);
  const address = parseIp(host);
  if (!address.ok) {
    if (!CONTAINER.test(host)) return expected(EXPECTED);
    return parsed({ container: host, address: undefined, port: number.value, path: whole });
  }
  // What listens on this machine for itself alone is not for containers, nor is what a cloud tells its machines.
  const why = isLoopback(address.value) ? "which is this machine's own" : whyNoContainers(address.value);
  if (why !== undefined) {
    return expected(`an address that a service can have, and not ${address.value}, ${why}`);
  }
  return parsed({ container: undefined, address: address.value, port: number.value, path: whole });
}

/** The row that names the service; none where its container is missing, which closes the route. */
export function askRows({ address, port, path }: AuthService, route: RouteId): readonly RouteRow[] {
  return address === undefined ? [] : [rowOf(route, "ask", `http://${formatEndpoint(address, port)}${path}`)];
}

/** A service in words: its container, and where that is, without the values of its query. */
export function formatAuthService({ container, address, port, path }: AuthService): string {
  const at = address && formatEndpoint(address, port);
  const shown = withoutQuery(path);
  if (container === undefined) return `http://${at}${shown}`;
  return `${container} ${at === undefined ? "(which cannot be asked)" : `at http://${at}${shown}`}`;
}

/** A service as a saved snapshot has it: its query can still be read as one. */
export const keptAuthService = (text: string): string =>
  parseAuthService(text).ok ? withoutQuery(text).replace(HIDDEN, encodeURIComponent(HIDDEN)) : HIDDEN;

const HEADER = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** Reads the name of a header of the service's answer that the container gets: none that HAProxy says, but for the user. */
export function parseAnswerHeader(text: string): Parsed<string> {
  const key = headerKey(text);
  return HEADER.test(text) && (key === USER_HEADER || !isOfHaproxy(key))
    ? parsed(text)
    : expected("the name of a header such as Remote-User, which belongs to no connection");
}

/** The row of the headers' names, with commas. */
export const answerHeaderRows = (names: readonly string[], route: RouteId): readonly RouteRow[] =>
  names.length === 0 ? [] : [rowOf(route, "askheaders", [...new Set(names)].join(","))];

/** The names without the header in which a container gets the user of a password. */
export function splitUser(
  names: readonly string[],
): { readonly kept: readonly string[]; readonly left: readonly string[] } {
  const isUser = (name: string) => headerKey(name) === USER_HEADER;
  return { kept: names.filter((name) => !isUser(name)), left: names.filter(isUser) };
}
