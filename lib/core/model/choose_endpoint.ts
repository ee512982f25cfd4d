import type { AddressMode } from "../settings/setting_values.ts";
import type { IpAddress, Port } from "../values/names.ts";
import { quote } from "../values/notice.ts";
import type { ContainerView, ExposedPort, NetworkAttachment } from "../snapshot/snapshot.ts";

/** What the choice of an address depends on, beside the container. */
export type AddressSettings = {
  readonly mode: AddressMode;
  /** Whether the engine runs on this machine, so that containers' own addresses can be reached. */
  readonly isLocalEngine: boolean;
  /** Where the engine's published ports are reached. */
  readonly engineAddress: IpAddress;
  /** The user named the engine's address, so it stands even before one that a port was bound to. */
  readonly isEngineAddressForced: boolean;
  readonly network: string | undefined;
};

/** An address that was chosen, with what the user should know of the choice, or the reason why there is none. */
export type Choice<T> =
  | { readonly ok: true; readonly value: T; readonly remark?: string; readonly isAssumed?: true }
  | { readonly ok: false; readonly why: string };

/** The address and port of a server, and the way that leads there. */
export type Endpoint = {
  readonly address: IpAddress;
  readonly port: Port;
  readonly via: "container" | "published";
  /** The container's own endpoint, where a local one is reached through a published port. */
  readonly own: { readonly address: IpAddress; readonly port: Port } | undefined;
  /** Where its engine is, if this is an address on another machine that no setting named. */
  readonly elsewhere: IpAddress | undefined;
};

/** The way to a container that is taken, and the others that there are, the better ones first. */
export type Chosen = Endpoint & {
  readonly others: readonly Endpoint[];
  /** It was proven, and is another than the rule's. */
  readonly isDetour: boolean;
};

/**
 * Which container port to use: the one named, else the only TCP port, else the lowest published, else the lowest exposed.
 * `shared` is the container whose network it uses, itself otherwise: what that one declares or publishes counts, since
 * Docker takes no declaration of ports beside it. Its own image's ports are more likely its own.
 */
export function choosePort(
  container: ContainerView,
  shared: ContainerView,
  named: Port | undefined,
): Choice<Port> {
  // Neither a manager of a Swarm nor a file tells what an image declares.
  const isUnknown = container.task !== undefined || container.plannedAs !== undefined;
  const isDeclared = (port: Port) => isUnknown || declares(container, port) || declares(shared, port);
  if (named !== undefined && isDeclared(named)) {
    return { ok: true, value: named };
  }
  let first: Port | undefined;
  let isOnly = true;
  let declaring = container;
  for (const own of shared === container ? [container] : [container, shared]) {
    for (const { protocol, port, last } of own.exposed) {
      if (protocol !== "tcp") continue;
      isOnly = first === undefined && last === undefined;
      first ??= port;
    }
    declaring = own;
    if (first !== undefined) break;
  }
  if (first === undefined && container.plannedAs !== undefined) return ASSUMED;
  const declared = declaredPorts(container, shared);
  if (named !== undefined) return { ok: false, why: `it has no port ${named}, ${portsOf(declared)}` };
  if (first === undefined) return { ok: false, why: `no port to use: ${otherPorts(declared)}` };
  if (isOnly) return { ok: true, value: first };
  const lowest = shared.published.find(({ port }) => declares(declaring, port))?.port;
  const value = lowest ?? first;
  const rule = lowest === undefined ? "the lowest exposed" : "the lowest published";
  return {
    ok: true,
    value,
    remark: `${portsOf(declared)}; port ${value} is used, ${rule}: name one with "port"`,
  };
}

/** Most images that declare one port declare this one. */
const ASSUMED: Choice<Port> = {
  ok: true,
  value: 80 as Port,
  remark:
    "its file names no port, and without Docker nobody knows which its image declares: 80 stands in its " +
    'place; name it with "port", "expose" or "ports"',
  isAssumed: true,
};

function declares({ exposed }: ContainerView, port: Port): boolean {
  return exposed.some((each) =>
    each.protocol === "tcp" && each.port <= port && port <= (each.last ?? each.port)
  );
}

/** The ports that are there, as a message tells them, and how one is declared. */
type DeclaredPorts = { readonly ports: readonly ExposedPort[]; readonly advice: string };

function declaredPorts(container: ContainerView, shared: ContainerView): DeclaredPorts {
  if (container.task !== undefined) {
    return { ports: container.exposed, advice: 'its "port" named, or one published' };
  }
  if (shared === container) {
    return { ports: container.exposed, advice: "EXPOSE in its image, --expose or -p" };
  }
  const ports = [...container.exposed, ...shared.exposed];
  // Docker refuses --expose and -p beside another's network.
  const advice = `EXPOSE in its image, or --expose or -p on ${quote(shared.name)}, whose network it uses`;
  return { ports, advice };
}

function portsOf({ ports, advice }: DeclaredPorts): string {
  const tcp = ports.filter(({ protocol }) => protocol === "tcp").map(rangeOf);
  if (tcp.length === 0) return `it has no TCP port: expected ${advice}`;
  return tcp.length === 1 ? `its TCP port is ${tcp[0]}` : `its TCP ports are ${listOf(tcp)}`;
}

function otherPorts({ ports, advice }: DeclaredPorts): string {
  const others = ports.map((port) => `${rangeOf(port)}/${port.protocol}`);
  return others.length === 0
    ? `it declares none, expected a TCP port: ${advice}`
    : `it declares ${listOf(others)} only, expected a TCP port: ${advice}`;
}

const rangeOf = ({ port, last }: ExposedPort): string => last === undefined ? `${port}` : `${port}-${last}`;

/** Ports that a message names; an image may declare all there are. */
const MOST_NAMED = 20;

function listOf(words: readonly string[]): string {
  const more = words.length - MOST_NAMED;
  return more > 0 ? `${words.slice(0, MOST_NAMED).join(", ")} and ${more} more` : words.join(", ");
}

/**
 * Where HAProxy reaches a container's port. `shared` is the container whose network it uses
 * (`--network container:ID`), itself otherwise.
 */
export function chooseEndpoint(
  container: ContainerView,
  shared: ContainerView,
  port: Port,
  network: string | undefined,
  given: AddressSettings,
): Choice<Endpoint> {
  const settings = settingsFor(container, given);
  if (shared.networkMode === "host") {
    return { ok: true, value: direct(settings.engineAddress, port) };
  }
  const isOwnFirst = isOwnAddressFirst(container, given);
  const named = network ?? settings.network;
  const first = endpointBy(isOwnFirst, shared, port, named, settings);
  if (first.ok || settings.mode !== "auto") return first;
  const second = endpointBy(!isOwnFirst, shared, port, named, settings);
  if (!second.ok) return { ok: false, why: `${first.why}, and ${second.why}` };
  // Another machine's network may be one of this machine's by chance: the probe has to know.
  return isOwnFirst ? second : { ...second, value: { ...second.value, elsewhere: settings.engineAddress } };
}

/** Whether a container is looked for at its own address first, or at the ports that its engine publishes. */
export function isOwnAddressFirst(container: ContainerView, given: AddressSettings): boolean {
  const { mode, isLocalEngine } = settingsFor(container, given);
  return mode === "container" || (mode === "auto" && isLocalEngine);
}

/** Whether a container counts as one of another machine; tasks of a service all do, so that each node of a Swarm has the same. */
export const isOnAnotherMachine = (container: ContainerView, given: AddressSettings): boolean =>
  container.task === undefined
    ? !settingsFor(container, given).isLocalEngine
    : container.task.isElsewhere || container.task.service !== undefined;

/** Where there are several engines, each container's own one decides, unless the user named an address for all. */
function settingsFor({ engine }: ContainerView, given: AddressSettings): AddressSettings {
  return engine === undefined ? given : {
    ...given,
    isLocalEngine: engine.isLocal,
    engineAddress: given.isEngineAddressForced ? given.engineAddress : engine.address,
  };
}

/** The addresses that a container has of its own, by the names of its networks. */
export function ownEndpoints({ networks }: ContainerView, port: Port): Endpoint[] {
  return networks.filter(isAttached).map((network) => endpointOn(network, port));
}

/** Where a container's engine publishes a port of the container whose network it uses. */
export function publishedEndpoint(
  container: ContainerView,
  shared: ContainerView,
  port: Port,
  given: AddressSettings,
): Choice<Endpoint> {
  return publishedBy(shared, port, settingsFor(container, given));
}

function endpointBy(
  isOwn: boolean,
  container: ContainerView,
  port: Port,
  network: string | undefined,
  settings: AddressSettings,
): Choice<Endpoint> {
  return isOwn ? ownEndpoint(container, port, network) : publishedBy(container, port, settings);
}

function publishedBy(
  container: ContainerView,
  port: Port,
  settings: AddressSettings,
): Choice<Endpoint> {
  const bindings = container.published.filter((published) => published.port === port);
  const binding = bindings.find((each) => each.hostAddress === "0.0.0.0") ??
    bindings.find((each) => isAnyAddress(each.hostAddress)) ?? bindings[0];
  if (binding === undefined) return { ok: false, why: `port ${port} is not published on the engine's host` };
  const isElsewhere = isLoopback(binding.hostAddress) && !settings.isLocalEngine;
  if (isElsewhere && !settings.isEngineAddressForced) {
    return {
      ok: false,
      why: `port ${port} is published on ${binding.hostAddress} of the engine's host only`,
    };
  }
  const isOpen = isAnyAddress(binding.hostAddress) || settings.isEngineAddressForced;
  const found = container.networks.find((network) => network.ipv4 !== undefined);
  const first = found?.ipv4 === undefined ? undefined : { address: found.ipv4, port };
  // A port that is open on IPv6 alone is not there on IPv4's loopback.
  const isIpv6Alone = binding.hostAddress === "::" && settings.engineAddress === "127.0.0.1";
  const open = isIpv6Alone ? "::1" as IpAddress : settings.engineAddress;
  const address = isOpen ? open : binding.hostAddress;
  return {
    ok: true,
    value: {
      address,
      port: binding.hostPort,
      via: "published",
      own: settings.isLocalEngine ? first : undefined,
      elsewhere: undefined,
    },
  };
}

const isAnyAddress = (address: IpAddress): boolean => address === "0.0.0.0" || address === "::";
const isLoopback = (address: IpAddress): boolean => address.startsWith("127.") || address === "::1";

function ownEndpoint(container: ContainerView, port: Port, named: string | undefined): Choice<Endpoint> {
  let first: NetworkAttachment | undefined;
  let isOnly = true;
  for (const network of container.networks) {
    if (!isAttached(network)) continue;
    if (network.name === named) return { ok: true, value: endpointOn(network, port) };
    if (first === undefined) first = network;
    else isOnly = false;
  }
  if (named !== undefined) {
    const others = first === undefined
      ? "it has an address on no network"
      : `its networks are ${networksOf(container)}`;
    return { ok: false, why: `it has no address on network ${quote(named)}, ${others}` };
  }
  if (first === undefined) return { ok: false, why: "it has no address of its own on any network" };
  if (isOnly) return { ok: true, value: endpointOn(first, port) };
  const remark = `it is on networks ${
    networksOf(container)
  }; ${first.name} is used, the first by name: name one with "network" or --network`;
  return { ok: true, value: endpointOn(first, port), remark };
}

const isAttached = ({ ipv4, ipv6 }: NetworkAttachment): boolean => (ipv4 ?? ipv6) !== undefined;

/** The networks on which a container has an address, by name. */
export const networksOf = ({ networks }: ContainerView): string =>
  networks.filter(isAttached).map((network) => network.name).join(", ");

function endpointOn(network: NetworkAttachment, port: Port): Endpoint {
  return direct((network.ipv4 ?? network.ipv6) as IpAddress, port);
}

/** An address of a container's own. */
export const direct = (address: IpAddress, port: Port): Endpoint => ({
  address,
  port,
  via: "container",
  own: undefined,
  elsewhere: undefined,
});

/** Whether another container has an address now that this one had, and would answer in its place. */
export function hasTakenAddress(others: Iterable<ContainerView>, container: ContainerView): boolean {
  const addresses = new Set(container.networks.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]));
  addresses.delete(undefined);
  return [...others].some(({ id, networks }) =>
    id !== container.id && networks.some(({ ipv4, ipv6 }) => addresses.has(ipv4) || addresses.has(ipv6))
  );
}
