import type { HaproxyVersion } from "../keys/backend_option.ts";
import type { RouteData } from "../keys/route_data.ts";
import { isKeyName, keyNamed } from "../keys/route_keys.ts";
import type { ListedRoute } from "../snapshot/snapshot.ts";
import { type Complaint, Complaints } from "../values/complaints.ts";
import { whyNoContainers } from "../values/container_address.ts";
import {
  isDnsName,
  parseDnsName,
  parseIp,
  parsePortText,
  type Port,
  type ServerAddress,
} from "../values/names.ts";
import { expected, type Parsed, parsed, quote } from "../values/notice.ts";
import { nearestWord } from "../values/nearest_word.ts";
import { readRoute } from "./read_route.ts";
import { sortKeys } from "./said_data.ts";
import { Comparisons } from "./unknown_words.ts";

/** A server that a file names. */
export type ListedServer = { readonly address: ServerAddress; readonly port: Port };

/** What a file's route says, in the form of what a container says. */
type ListedRead = {
  readonly routes: readonly RouteData[];
  readonly why: string;
  readonly complaints: readonly Complaint[];
  readonly more: number;
  readonly servers: readonly ListedServer[];
};

/** Servers that one route may name. */
const MOST_SERVERS = 256;

/** Reads a route of a file: its keys as those of INTERLOCK_DATA, and the servers that stand in for containers. */
export function readListed({ place, entry, flaw, lines }: ListedRoute, version: HaproxyVersion): ListedRead {
  const complaints = new Complaints();
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) {
    const what = entry instanceof Array ? "a list" : typeof entry === "string" ? "a text" : "no object";
    const why = `${place} ${flaw ?? `is ${what}`}, expected keys such as hostname and servers`;
    complaints.warn("bad-route", () => `${why}; the route is left out`);
    return { routes: [], why, complaints: complaints.list, more: 0, servers: [] };
  }
  // `routes.yaml, line 3`, with the line of a key, or of an element, in place of the route's.
  const sourceOf = (key: string, at?: number): string => {
    const line = lines?.get(at === undefined ? key : `${key}.${at}`) ?? lines?.get(key);
    return line === undefined ? place : place.replace(/[0-9]+$/, `${line}`);
  };
  const { servers: written, name: _, ...rest } = entry as Readonly<Record<string, unknown>>;
  const misspelt = Object.keys(rest).find(isNearServers);
  const { [misspelt ?? ""]: __, ...keys } = rest;
  const said = sortKeys(place, keys, complaints, new Comparisons(), { isSaid, sourceOf });
  const data = readRoute(said, version, complaints);
  if (data.off !== undefined) {
    return { routes: [data], why: data.off, complaints: [], more: 0, servers: [] };
  }
  if (data.network !== undefined) {
    complaints.warn(
      "no-effect",
      () => `"network" of ${sourceOf("network")} has no effect: its servers are addresses`,
    );
  }
  const meant = written === undefined ? misspelt : undefined;
  if (misspelt !== undefined) {
    const cost = meant === undefined ? "" : " The route is left out";
    complaints.warn(
      "unknown-key",
      () => `key ${quote(misspelt)} of ${sourceOf(misspelt)} is not known, did you mean "servers"?${cost}`,
    );
  }
  const servers = meant === undefined ? readServers(written, data.port, place, sourceOf, complaints) : [];
  if (data.warm && servers.some(({ address }) => isDnsName(address))) {
    complaints.warn(
      "no-effect",
      () =>
        `"warm" of ${
          sourceOf("warm")
        } has no effect on servers that have names: HAProxy alone knows where they are`,
    );
  }
  const fault = data.fault ?? (servers.length === 0 ? whyNoServers(place, meant) : undefined);
  const { list, more } = complaints;
  return { routes: [{ ...data, isExplicit: true, fault }], why: "", complaints: list, more, servers };
}

/** `meant` is a word in the place of `servers`. */
const whyNoServers = (place: string, meant: string | undefined): string =>
  meant === undefined
    ? `"servers" of ${place} names none that can be used`
    : `${quote(meant)} of ${place} is not known, and may be meant as "servers"`;

/** What other tools call the servers of a route. */
const SERVERS = ["servers", "backends", "upstreams", "targets"];

/** Whether a word that is no key is probably meant as `servers`. */
const isNearServers = (word: string): boolean => !isKeyName(word) && nearestWord(word, SERVERS) !== undefined;

/**
 * In a file, `allow_from:` with nothing behind it was forgotten, and is no word of a program that has nothing to say: a key
 * that narrows or protects is wrong there, and so is one that is nearly such a key.
 */
const isSaid = (name: string, value: unknown): boolean =>
  value !== null || !isKeyName(name) || keyNamed(name).isGuard === true;

/** The good ones of a list, each once; one that is wrong costs itself. */
function readServers(
  written: unknown,
  port: Port | undefined,
  place: string,
  sourceOf: (key: string, at?: number) => string,
  complaints: Complaints,
): readonly ListedServer[] {
  const list: readonly unknown[] = Array.isArray(written) ? written : [written];
  if (written === undefined || written === null || list.length === 0) {
    complaints.warn(
      "no-servers",
      () => `${place} has no "servers", expected a list such as ["10.0.0.5:8080"]; the route is left out`,
    );
    return [];
  }
  const servers = new Map<string, ListedServer>();
  for (const [at, element] of list.slice(0, MOST_SERVERS).entries()) {
    const server = parseServer(element, port);
    if (server.ok) servers.set(`${server.value.address} ${server.value.port}`, server.value);
    else {
      complaints.warn(
        "bad-value",
        () =>
          `"servers" of ${sourceOf("servers", at)} holds ${
            quote(element)
          }, expected ${server.expected}; it is left out`,
      );
    }
  }
  if (list.length > MOST_SERVERS) {
    complaints.warn(
      "too-many",
      () =>
        `"servers" of ${sourceOf("servers")} has ${list.length} elements, the first ${MOST_SERVERS} are used`,
    );
  }
  return [...servers.values()];
}

const EXPECTED_SERVER =
  'an address or a name, and a port, such as "10.0.0.5:8080", "[fd00::5]:8080" or "nas.example.com:8080"';

/** Reads `10.0.0.5:8080`, `[fd00::5]:8080`, `nas.lan:8080`, and any of them alone where the route names a port. */
function parseServer(text: unknown, port: Port | undefined): Parsed<ListedServer> {
  if (typeof text !== "string") return expected(EXPECTED_SERVER);
  const [, bracketed, plain, digits] = /^(?:(\[[^\]]+\])|([^:[\]]+))(?::([0-9]{1,5}))?$/.exec(text.trim()) ??
    [];
  const address = parseAddress(bracketed ?? plain ?? text.trim());
  if (!address.ok) return address;
  if (digits === undefined) {
    return port === undefined
      ? expected(`${EXPECTED_SERVER}, or "port" beside it`)
      : parsed({ address: address.value, port });
  }
  const own = parsePortText(digits);
  return own.ok ? parsed({ address: address.value, port: own.value }) : own;
}

function parseAddress(text: string): Parsed<ServerAddress> {
  const address = parseIp(text);
  if (address.ok) {
    const why = whyNoContainers(address.value);
    return why === undefined ? address : expected(`the address of a server, and no ${address.value}, ${why}`);
  }
  const name = parseDnsName(text);
  // What may have been meant as an address is told of as before.
  return name.ok || name.expected.startsWith("127.") ? name : expected(EXPECTED_SERVER);
}
