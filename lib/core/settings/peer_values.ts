import type { IpAddress, Port } from "../values/names.ts";
import { expected, type Parsed, parsed } from "../values/notice.ts";
import { parseListener } from "./setting_values.ts";

/** A signalbox of a fleet, by whose name and address its HAProxy shares counters with the others' (HAProxy manual, `peers`). */
export type Peer = { readonly name: string; readonly address: IpAddress; readonly port: Port };

const NAME = "[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9])?";
const PEER = new RegExp(`^(${NAME})=(.+)$`);

/** Reads the name of a peer: the name of a machine, or what an operator calls it. */
export const parsePeerName = (text: string): Parsed<string> =>
  new RegExp(`^${NAME}$`).test(text)
    ? parsed(text)
    : expected("a name of letters, digits and _.-, 64 at most");

/** Reads `edge1=10.0.0.1:10000`; HAProxy does not start where it cannot find a name's address, so that it has to be an address. */
export function parsePeer(text: string): Parsed<Peer> {
  const [, name = "", place = ""] = PEER.exec(text) ?? [];
  const listener = parseListener(place);
  return listener.ok
    ? parsed({ name, address: listener.value.hostname, port: listener.value.port })
    : expected("NAME=ADDRESS:PORT, such as edge1=10.0.0.1:10000");
}

/** What is wrong with peers that are right by themselves. */
export function peerConflicts(peers: readonly Peer[]): string[] {
  const problems: string[] = [];
  const twice = peers.find(({ name }, at) => peers.findIndex((other) => other.name === name) < at);
  if (twice !== undefined) problems.push(`--peer names ${twice.name} twice, expected one address for each`);
  if (peers.length > MOST_PEERS) {
    problems.push(`--peer is given ${peers.length} times, expected at most ${MOST_PEERS}`);
  }
  return problems;
}

/** Each HAProxy connects to each other one. */
export const MOST_PEERS = 32;
