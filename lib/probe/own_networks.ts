import { BlockList, isIPv6 } from "node:net";

/** One of this machine's interfaces, as `Deno.networkInterfaces` tells of it. */
export type Interface = Pick<Deno.NetworkInterfaceInfo, "name" | "cidr">;

/**
 * The interface of this machine whose network contains an address of another machine by chance. What answers there is
 * something else, such as a container of this machine (each engine's first network is 172.17.0.0/16). A network that also
 * contains `engine` is shared by both machines, and does not count. `undefined` where there is none.
 */
export function findCoincidence(
  address: string,
  engine: string,
  interfaces: readonly Interface[] = Deno.networkInterfaces(),
): string | undefined {
  // The engine's address is one of this machine's: the engine is here.
  if (interfaces.some(({ cidr }) => cidr.split("/")[0] === engine)) return undefined;
  return interfaces.find(({ cidr }) => holds(cidr, address) && !holds(cidr, engine))?.name;
}

/** Whether a network, as an address of it with its length, holds an address. */
function holds(cidr: string, address: string): boolean {
  const [network = "", length] = cidr.split("/");
  const familyOf = (text: string) => isIPv6(text) ? "ipv6" : "ipv4";
  if (familyOf(network) !== familyOf(address)) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(length), familyOf(network));
  return list.check(address, familyOf(address));
}
