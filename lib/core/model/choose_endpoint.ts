import type { AddressMode } from "../settings/setting_values.ts";
import type { IpAddress, Port } from "../values/names.ts";
import { quote } from "../values/notice.ts";
import type { ContainerView, NetworkAttachment, Rootless } from "../snapshot/snapshot.ts";

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
  /** The engine runs without root: its containers are in networks that nothing else reaches. */
  readonly rootless?: Rootless | undefined;
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
    // Podman's is the machine's own network also without root.
    if (settings.rootless === "docker") {
      return { ok: false, why: `the "host" network of its engine is none: ${APART}` };
    }
    return { ok: true, value: direct(settings.engineAddress, port) };
  }
  const isOwnFirst = isOwnAddressFirst(container, given);
  const named = network ?? settings.network;
  const first = endpointBy(isOwnFirst, shared, port, named, settings);
  if (first.ok || settings.mode !== "auto") return first;
  if (settings.rootless !== undefined) return { ok: false, why: `${first.why}, and ${APART}` };
  const second = endpointBy(!isOwnFirst, shared, port, named, settings);
  if (!second.ok) return { ok: false, why: `${first.why}, and ${second.why}` };
  // Another machine's network may be one of this machine's by chance: the probe has to know.
  return isOwnFirst ? second : { ...second, value: { ...second.value, elsewhere: settings.engineAddress } };
}

const APART = "its engine runs without root, so that only its user reaches its containers: publish the port";

/** Whether a container is looked for at its own address first, or at the ports that its engine publishes. */
export function isOwnAddressFirst(container: ContainerView, given: AddressSettings): boolean {
  const { mode, isLocalEngine, rootless } = settingsFor(container, given);
  return mode === "container" || (mode === "auto" && isLocalEngine && rootless === undefined);
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
    rootless: engine.rootless,
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
      own: settings.isLocalEngine && settings.rootless === undefined ? first : undefined,
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
