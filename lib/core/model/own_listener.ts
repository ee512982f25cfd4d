import { asIpv4 } from "../values/container_address.ts";
import type { Server } from "./model.ts";
import type { Considered } from "./model_memory.ts";
import { formatEndpoint, type IpAddress } from "../values/names.ts";
import type { Attempt } from "./offer.ts";
import type { OwnListener, RoutingSettings } from "./routing_settings.ts";
import type { ServerLimit } from "./server_limit.ts";
import type { ContainerView } from "../snapshot/snapshot.ts";

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
): Considered {
  if (!considered.mayLoop) return considered;
  const isFine = ({ offer }: Attempt) =>
    offer === undefined || findListener(offer.server, considered.container, settings, machine) === undefined;
  if (considered.attempts.every(isFine)) return considered;
  const { container } = considered;
  const attempts = considered.attempts.map((attempt): Attempt => {
    const { offer } = attempt;
    const listener = offer && findListener(offer.server, container, settings, machine);
    if (offer === undefined || listener === undefined) return attempt;
    const { host, path } = offer.own;
    const at = formatEndpoint(offer.server.address, offer.server.port);
    const why =
      `${at} is an address that signalbox itself listens on (${listener.setting}): requests would loop; ` +
      `expected another port of the ${
        container.listed === undefined ? "container" : "server"
      }, or another one for ${listener.setting}`;
    const message = `does not serve ${host}${path}: ${why}`;
    const notice = { severity: "warning", code: "own-listener", subject: container.name, message } as const;
    return { notices: offer.server.gate === "created" ? [] : [notice], why, wanted: host };
  });
  return { ...considered, attempts };
}

function findListener(
  { address, port }: Server,
  container: ContainerView,
  { listeners, address: given }: RoutingSettings,
  machine: MachineAddresses,
): OwnListener | undefined {
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
