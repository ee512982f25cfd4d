import { asIpv4 } from "../values/container_address.ts";
import { placeName, type Server } from "./model.ts";
import type { Considered } from "./model_memory.ts";
import { formatEndpoint, type IpAddress, isDnsName, type Port } from "../values/names.ts";
import type { Attempt } from "./attempt.ts";
import type { OwnListener, RoutingSettings } from "./routing_settings.ts";
import { wardFor } from "./wards.ts";
import type { ServerLimit } from "./server_limit.ts";
import type { ContainerView, Snapshot } from "../snapshot/snapshot.ts";
import { nodeListeners } from "./fleet_nodes.ts";

/** The addresses that this machine has at a moment, as far as they are known. */
export type MachineAddresses = ReadonlySet<string>;

/** What is known of the machine that HAProxy runs on. */
export type KnownMachine = {
  readonly addresses: MachineAddresses;
  /** `undefined` where there is none, or it is unknown. */
  readonly serverLimit?: ServerLimit | undefined;
};

/** A machine whose addresses were not read, as where `render` reads a file. */
export const UNKNOWN_MACHINE: KnownMachine = { addresses: new Set() };

/**
 * A container's offers without those whose server would be one of our own listeners: one request to it would come back
 * as the next one, and go round until nothing is left for others. The same object where there are none.
 */
export function withoutLoops(
  considered: Considered,
  settings: RoutingSettings,
  machine: MachineAddresses,
  listeners = settings.listeners,
): Considered {
  if (!considered.mayLoop) return considered;
  const find = (server: Server) =>
    findListener(server, considered.container, listeners, settings.address, machine);
  const isFine = ({ offer }: Attempt) => offer === undefined || find(offer.server) === undefined;
  if (considered.attempts.every(isFine)) return considered;
  const { container } = considered;
  const attempts = considered.attempts.map((attempt): Attempt => {
    const { offer } = attempt;
    const listener = offer && find(offer.server);
    if (offer === undefined || listener === undefined) return attempt;
    const at = formatEndpoint(offer.server.address, offer.server.port);
    const why =
      `${at} is an address that signalbox itself listens on (${listener.setting}): requests would loop; ` +
      `expected another port of the ${
        container.listed === undefined ? "container" : "server"
      }, or another one for ${listener.setting}`;
    const message = `does not serve ${placeName(offer.own)}: ${why}`;
    const notice = { severity: "warning", code: "own-listener", subject: container.name, message } as const;
    const notices = offer.server.gate === "created" ? [] : [notice];
    return { notices, why, wanted: offer.own.host, ...wardFor(offer) };
  });
  return { ...considered, attempts };
}

/** The listeners of the settings, of a fleet's nodes, and those for TCP that containers ask for. */
export function allListeners(
  { listeners: given, frontend: { address, fleet } }: RoutingSettings,
  all: readonly Considered[],
  { nodes }: Pick<Snapshot, "nodes">,
): readonly OwnListener[] {
  const listeners = fleet?.nodes === undefined ? given : [...given, ...nodeListeners(nodes, fleet)];
  const ports = new Set<Port>();
  for (const { listens } of all) for (const { port } of listens) ports.add(port);
  if (ports.size === 0) return listeners;
  return [...listeners, ...[...ports].map((port) => ({ setting: "listen_port", address, port }))];
}

function findListener(
  { address, port }: Server,
  container: ContainerView,
  listeners: readonly OwnListener[],
  given: RoutingSettings["address"],
  machine: MachineAddresses,
): OwnListener | undefined {
  // HAProxy alone knows where a name leads.
  if (isDnsName(address)) return undefined;
  return listeners.find((listener) => {
    if (listener.port !== port) return false;
    const target = asIpv4(address) ?? address;
    const isIpv4 = !target.includes(":");
    const own = listener.address;
    // On :: HAProxy listens for IPv4 too, and so do servers of ours.
    const isWide = own === undefined || own === "::" || (own === "0.0.0.0" && isIpv4);
    return isWide ? isHere(target, container, given, machine) : target === own;
  });
}

/** Whether an address is one of this machine's. */
function isHere(
  address: string,
  { engine }: ContainerView,
  given: RoutingSettings["address"],
  machine: MachineAddresses,
): boolean {
  if (isLoopback(address) || address === "0.0.0.0" || address === "::" || machine.has(address)) return true;
  const isLocal = engine?.isLocal ?? given.isLocalEngine;
  // A local engine's address is one of this machine's, whichever the user named for it.
  const engineAddress: IpAddress = engine === undefined || given.isEngineAddressForced
    ? given.engineAddress
    : engine.address;
  return isLocal && address === (asIpv4(engineAddress) ?? engineAddress);
}

const isLoopback = (address: string): boolean => address.startsWith("127.") || address === "::1";
