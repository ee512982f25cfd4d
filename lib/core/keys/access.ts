import type { RouteId } from "../values/names.ts";
import { formatNetwork, hexPrefixes, liesIn, type Network, parseNetwork } from "../values/network.ts";
import { expected, type Parsed, parsed } from "../values/notice.ts";
import { ADDRESSES_MAP } from "../values/table.ts";
import { type RouteRow, rowOf } from "./route_row.ts";

/** Loopback, private, unique local and link-local addresses (RFC 1918, 4193, 3927, 4291). */
const INTERNAL = [
  ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16"],
  ...["::1", "fc00::/7", "fe80::/10"],
].map(networkOf);

/** Elements of `allow_from` and of `deny_from`, each: their rows are up to eight times as many. */
export const MOST_SOURCES = 64;

/** Reads an element of `allow_from` or `deny_from`: an address, a network, or the word `internal`. */
export function parseSources(text: string): Parsed<readonly Network[]> {
  if (text.trim() === "internal") return parsed(INTERNAL);
  if (/[,;\s]/.test(text.trim())) {
    return expected("one address or network in each element (in labels: .1, .2)");
  }
  const network = parseNetwork(text.trim());
  return network.ok ? parsed([network.value]) : expected(`${network.expected}, or internal`);
}

/** Networks that one line names. */
const MOST_NAMED = 8;

/** Such elements in words. */
export function formatSources(sources: Sources): string {
  const words = sources.flatMap((networks) =>
    networks === INTERNAL ? ["internal"] : networks.map(formatSource)
  );
  const more = words.length - MOST_NAMED;
  return words.slice(0, MOST_NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function formatSource(network: Network): string {
  const text = formatNetwork(network);
  return network.length === network.hex.length * 4 ? text.slice(0, text.lastIndexOf("/")) : text;
}

type Sources = readonly (readonly Network[])[];

/** How many rows such elements make at most. */
export const rowsOfSources = (sources: Sources): number =>
  sources.flat().reduce((sum, network) => sum + hexPrefixes(network).length, 0);

/** The rows of a route that lets clients in by their addresses: all of both keys. */
export function allowRows(
  allowed: Sources,
  route: RouteId,
  { deny_from: denied = [] }: { readonly deny_from?: Sources },
): readonly RouteRow[] {
  return accessRows(route, "deny", { allowed, denied });
}

/** The rows of a route that refuses clients by their addresses; where it lets clients in by them too, none. */
export function denyRows(
  denied: Sources,
  route: RouteId,
  { allow_from: allowed }: { readonly allow_from?: Sources },
): readonly RouteRow[] {
  return allowed === undefined ? accessRows(route, "allow", { allowed: [], denied }) : [];
}

/**
 * The rows of networks, and for each family one that every address begins with, for all others. Of two networks with the
 * same digits, the longer one counts, and of one that is both allowed and denied, the refusal.
 */
function accessRows(
  route: RouteId,
  others: Access,
  { allowed, denied }: { readonly allowed: Sources; readonly denied: Sources },
): readonly RouteRow[] {
  const all = [
    ...allowed.flat().map((network) => ({ network, access: "allow" as Access })),
    ...denied.flat().map((network) => ({ network, access: "never" as Access })),
  ];
  const rows = new Map<string, Access>([["4|", others], ["6|", others]]);
  for (const { network, access } of all.sort((a, b) => a.network.length - b.network.length)) {
    for (const digits of hexPrefixes(network)) rows.set(`${network.family}|${digits}`, access);
  }
  return [...rows].map(([prefix, access]) => rowOf(route, prefix, access, ADDRESSES_MAP));
}

/**
 * Allowed networks without those that lie in a network which another container refuses. What that container allows there
 * itself stays allowed.
 */
export function splitDenied(
  allowed: Sources,
  { deny_from = [], allow_from = [] }: { readonly deny_from?: Sources; readonly allow_from?: Sources },
): { readonly kept: Sources; readonly left: readonly string[] } {
  const [denied, excepted] = [deny_from.flat(), allow_from.flat()];
  const isDenied = (network: Network) =>
    denied.some((each) =>
      liesIn(network, each) &&
      !excepted.some((other) => other.length > each.length && liesIn(network, other))
    );
  return {
    kept: allowed.map((networks) => networks.filter((network) => !isDenied(network))),
    left: allowed.flat().filter(isDenied).map(formatNetwork),
  };
}

/** `deny` is for those that are not let in, `never` for those that are kept out by name. */
type Access = "allow" | "deny" | "never";

function networkOf(text: string): Network {
  const network = parseNetwork(text);
  if (!network.ok) throw new TypeError(`${text} is no network`);
  return network.value;
}
