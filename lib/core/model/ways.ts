import {
  type AddressSettings,
  type Choice,
  chooseEndpoint,
  type Chosen,
  type Endpoint,
  isOwnAddressFirst,
  networksOf,
  ownEndpoints,
  publishedEndpoint,
} from "./choose_endpoint.ts";
import { formatEndpoint, type IpAddress, type Port, type ServerName } from "../values/names.ts";
import type { Server } from "./model.ts";
import type { ContainerView } from "../snapshot/snapshot.ts";
import { isTask, waysToTask } from "./task_ways.ts";

/** An address and port, wherever it is known from. */
export type At = { readonly address: string; readonly port: number };

/**
 * Where servers are reached, as it was proven, by name: what the model goes by in place of the rule, as long as it is one
 * of the ways to the container.
 */
export type InUse = ReadonlyMap<ServerName, At>;

/** Nothing was proven: each container is reached by the rule. */
export const NOTHING_IN_USE: InUse = new Map();

/** Other ways that are kept in mind: a container may be on many networks. */
const MOST_OTHERS = 4;

/** Chooses the way to a container's port: the one in use while the container has it, else the rule's. */
export function chooseWay(
  container: ContainerView,
  shared: ContainerView,
  port: Port,
  network: string | undefined,
  settings: AddressSettings,
  used: At | undefined,
): Choice<Chosen> {
  const ways = waysTo(container, shared, port, network, settings);
  if (!ways.ok) return ways;
  const { rule, others } = ways;
  const found = used === undefined ? undefined : others.find((way) => isAt(way, used));
  if (found === undefined || (used && isAt(rule.value, used))) {
    const value = chosen(rule.value, others, false);
    return rule.remark === undefined ? { ok: true, value } : { ok: true, value, remark: rule.remark };
  }
  const rest = [rule.value, ...others.filter((way) => way !== found)];
  return {
    ok: true,
    value: chosen(found, rest, true),
    remark: found.via === "container"
      ? `it is on networks ${
        networksOf(shared)
      }; ${found.address} is used, where it answers: name one with "network" or --network`
      : `its own address ${
        endpointText(rule.value)
      } cannot be reached from here: its published port is used, ` +
        `at ${endpointText(found)}; --address published uses it from the start`,
  };
}

/** The rule's way, and the others. */
function waysTo(
  container: ContainerView,
  shared: ContainerView,
  port: Port,
  network: string | undefined,
  settings: AddressSettings,
):
  | {
    readonly ok: true;
    readonly rule: Extract<Choice<Endpoint>, { ok: true }>;
    readonly others: readonly Endpoint[];
  }
  | { readonly ok: false; readonly why: string } {
  const named = network ?? settings.network;
  if (isTask(shared)) {
    const ways = waysToTask(shared, port, named, settings);
    if (!ways.ok) return ways;
    const [value, ...others] = ways.value;
    return { ok: true, rule: { ok: true, value }, others: others.length === 0 ? NONE : others };
  }
  const rule = chooseEndpoint(container, shared, port, network, settings);
  return rule.ok
    ? { ok: true, rule, others: otherWays(rule.value, container, shared, port, named, settings) }
    : rule;
}

/** Each property by its name: for every container, that is several times faster than a copy of one object into another. */
function chosen(
  { address, port, via, own, elsewhere }: Endpoint,
  others: readonly Endpoint[],
  isDetour: boolean,
): Chosen {
  return { address, port, via, own, elsewhere, others, isDetour };
}

/** Whether a server of the model is reached as one of these says, or by the rule where none does. */
export function isReachedAs(server: Server, inUse: InUse): boolean {
  if (server.others.length === 0) return true;
  const used = inUse.get(server.name);
  if (used === undefined) return !server.isDetour;
  return isAt(server, used) || (!server.isDetour && !server.others.some((way) => isAt(way, used)));
}

/** Whether it is the same address and port. */
export const isAt = (a: At, b: At): boolean => a.address === b.address && a.port === b.port;

const endpointText = ({ address, port }: { readonly address: IpAddress; readonly port: Port }): string =>
  formatEndpoint(address, port);

/** The addresses on other networks, unless one was named; and behind a local engine's own addresses the published port. */
function otherWays(
  rule: Endpoint,
  container: ContainerView,
  shared: ContainerView,
  port: Port,
  named: string | undefined,
  settings: AddressSettings,
): readonly Endpoint[] {
  if (rule.via !== "container" || shared.networkMode === "host") return NONE;
  const { elsewhere } = rule;
  const own = named === undefined && shared.networks.length > 1
    ? ownEndpoints(shared, port).filter((way) => !isAt(way, rule)).map((way) => ({ ...way, elsewhere }))
    : NONE;
  const published =
    shared.published.length > 0 && settings.mode === "auto" && isOwnAddressFirst(container, settings)
      ? publishedEndpoint(container, shared, port, settings)
      : undefined;
  if (!published?.ok) return own.length === 0 ? NONE : own.slice(0, MOST_OTHERS);
  // A detour is taken only where its own address is out of reach.
  return [...own.slice(0, MOST_OTHERS), { ...published.value, own: undefined }];
}

const NONE: readonly Endpoint[] = [];
