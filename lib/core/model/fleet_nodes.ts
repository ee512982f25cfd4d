import type { SwarmNode } from "../snapshot/swarm_node.ts";
import { MOST_PEERS, parsePeerName, type Peer } from "../settings/peer_values.ts";
import { asIpv4, isLoopback } from "../values/container_address.ts";
import { count } from "../values/count.ts";
import type { IpAddress } from "../values/names.ts";
import type { Notice } from "../values/notice.ts";
import type { Fleet, Frontend } from "./model.ts";
import type { OwnListener } from "./routing_settings.ts";

/** A frontend whose fleet has the nodes of the Swarm, and what the user should know of them. */
export type WithNodes = { readonly frontend: Frontend; readonly notices: readonly Notice[] };

/** The nodes of a Swarm as peers. It gives the very same frontend as long as the peers are the same. */
export class FleetNodes {
  #last: WithNodes & { readonly key: string } | undefined;

  constructor(readonly frontend: Frontend) {}

  /**
   * The frontend with the nodes that the settings ask for; a fleet without any peer is none. HAProxy would end where it cannot
   * listen, so that a node of our name is another one's unless its address is this machine's; `machine` is empty where that is unknown.
   */
  with(nodes: readonly SwarmNode[] = [], machine: ReadonlySet<string> = new Set()): WithNodes {
    const { frontend } = this;
    const { fleet } = frontend;
    if (fleet?.nodes === undefined) return { frontend, notices: [] };
    const { peers, notices } = peersOf(nodes, fleet, machine);
    const key = JSON.stringify([peers, notices]);
    if (this.#last?.key === key) return this.#last;
    const { fleet: _, ...alone } = frontend;
    const all = peers.length === 0 ? alone : { ...alone, fleet: { ...fleet, peers } };
    this.#last = { key, frontend: all, notices };
    return this.#last;
  }
}

/** Where nodes listen for their peers, whichever of two with one name is the peer: no container's route may lead there. */
export const nodeListeners = (
  nodes: readonly SwarmNode[] = [],
  fleet: Fleet | undefined,
): readonly OwnListener[] => {
  if (fleet?.nodes === undefined) return [];
  const { port } = fleet.nodes;
  const ofNodes = nodes.flatMap(({ name, address, isPeer }) =>
    isPeer === false || address === undefined ? [] : [{ name, address, port }]
  );
  return [...peersOf([], fleet, new Set()).peers, ...ofNodes].map(({ name, address, port }) => ({
    setting: `--peer-port of ${name}`,
    address,
    port,
  }));
};

type Found = { readonly peers: readonly Peer[]; readonly notices: readonly Notice[] };

/** The peers that the settings name, and the nodes that are peers, by name: the same at each node but for its own `bind`. */
function peersOf(
  nodes: readonly SwarmNode[],
  { peers: given, nodes: fromSwarm }: Fleet,
  machine: ReadonlySet<string>,
): Found {
  if (fromSwarm === undefined) return { peers: given, notices: [] };
  const { port, own, bind } = fromSwarm;
  const peers = new Map(given.map((peer) => [peer.name, peer]));
  const named = new Set(peers.keys());
  const notices: Notice[] = [];
  const warn = (subject: string, message: string) =>
    notices.push({ severity: "warning", code: "peer", subject, message });
  for (const { name, address, isPeer } of [...nodes].sort((a, b) => a.id < b.id ? -1 : 1)) {
    // What the operator says of a name stands.
    if (isPeer === false || named.has(name)) continue;
    if (isPeer === undefined) warn(name, "is no peer: its label interlock.peer is neither true nor false");
    else if (!parsePeerName(name).ok) {
      warn(name, "is no peer: expected a name that ends with a letter or digit");
    } else if (address === undefined) warn(name, "is no peer: its managers know no address of it");
    else if (name === own && bind === undefined && !isHere(address, machine)) {
      warn(
        name,
        `is not this machine, which does not have its address ${address}: expected --peer-bind, or a name that is its own`,
      );
    } else if (peers.has(name)) {
      warn(name, "is one peer, and two nodes have this name: expected another for one of them");
    } else peers.set(name, { name, address, port });
  }
  const sorted = [...peers.values()].sort((a, b) => a.name < b.name ? -1 : 1);
  const kept = sorted.slice(0, MOST_PEERS);
  if (kept.length < sorted.length) {
    warn(
      "--peer-port",
      `leaves out ${count(sorted.length - kept.length, "node")}: HAProxys have at most ${MOST_PEERS} peers`,
    );
  }
  if (kept.length === 0) warn("--peer-port", "finds no peers: no manager of a Swarm is among the engines");
  else if (!kept.some(({ name }) => name === own)) {
    warn(
      "--peer-port",
      `finds ${kept.map(({ name }) => name).join(", ")}, and not this one, ${own}: ${EXPECTED}`,
    );
  }
  const bound = bind === undefined
    ? kept
    : kept.map((peer) => peer.name === own ? { name: own, address: bind.hostname, port: bind.port } : peer);
  return { peers: bound, notices };
}

/** Whether HAProxy can listen at an address, as far as that is known: a node says itself what its name is. */
function isHere(address: IpAddress, machine: ReadonlySet<string>): boolean {
  const target = asIpv4(address) ?? address;
  return machine.size === 0 || target === "0.0.0.0" || target === "::" || isLoopback(target as IpAddress) ||
    machine.has(target);
}

const EXPECTED = "expected --peer-name NODE, or the label interlock.peer=true of its node";
