import * as v from "valibot";
import type { OwnPlace } from "../../core/snapshot/swarm.ts";
import { type IpAddress, parseIp } from "../../core/values/names.ts";
import { type Network, parseNetwork } from "../../core/values/network.ts";
import { BRIDGE } from "../../core/snapshot/task_view.ts";
import type { Engine } from "./connect.ts";

const text = v.optional(v.nullable(v.string(), ""), "");
const InfoSchema = v.object({
  Swarm: v.object({
    NodeID: text,
    LocalNodeState: text,
    ControlAvailable: v.optional(v.nullable(v.boolean(), false), false),
    Cluster: v.optional(v.nullable(v.object({ ID: text }))),
  }),
});

/** An engine's part in a Swarm. */
export type SwarmRole = {
  /** Its node's id; `undefined` where it is in no Swarm. */
  readonly nodeId: string | undefined;
  /** The Swarm's id, of a manager alone: others do not know it. */
  readonly cluster: string | undefined;
};

/** Reads an engine's part in a Swarm from its `GET /info`. */
export function decodeRole(json: unknown): SwarmRole {
  const { success, output } = v.safeParse(InfoSchema, json);
  // Podman knows no Swarm.
  if (!success || output.Swarm.NodeID === "") return { nodeId: undefined, cluster: undefined };
  const { NodeID: nodeId, ControlAvailable, Cluster } = output.Swarm;
  return { nodeId, cluster: ControlAvailable ? Cluster?.ID || nodeId : undefined };
}

const BridgeSchema = v.object({
  IPAM: v.object({ Config: v.array(v.object({ Gateway: text })) }),
  Containers: v.optional(v.nullable(v.record(v.string(), v.object({ IPv4Address: text })), {}), {}),
});

/** What an interface of this machine, or of signalbox's container, is: an address with its network. */
export type OwnInterface = { readonly address: string; readonly cidr?: string | null };

/** The networks of interfaces. */
export const networksOf = (interfaces: readonly OwnInterface[]): readonly Network[] =>
  interfaces.flatMap(({ cidr }) => {
    const network = parseNetwork(cidr ?? "");
    return network.ok && network.value.length > 0 ? [network.value] : [];
  });

/**
 * The addresses of tasks on their machine's own bridge, by the containers' ids. The machine itself reaches them, and nobody
 * else: it is this one if it has the bridge's own address.
 */
export async function readBridge(
  engine: Pick<Engine, "inspectNetwork">,
  interfaces: readonly OwnInterface[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, IpAddress>> {
  const json = await engine.inspectNetwork(BRIDGE, signal).catch(() => undefined);
  const { success, output } = v.safeParse(BridgeSchema, json);
  if (!success) return NO_BRIDGE;
  const gateways = new Set(output.IPAM.Config.map(({ Gateway }) => Gateway));
  if (!interfaces.some(({ address }) => gateways.has(address))) return NO_BRIDGE;
  return new Map(
    Object.entries(output.Containers).flatMap(([id, { IPv4Address: said }]) => {
      const address = parseIp(said.replace(/\/[0-9]+$/, ""));
      return address.ok ? [[id, address.value] as const] : [];
    }),
  );
}

const NO_BRIDGE: OwnPlace["bridge"] = new Map();

/** What a manager of a Swarm says, as JSON. */
export type SwarmAnswers = {
  readonly services: readonly unknown[];
  readonly tasks: readonly unknown[];
  readonly nodes: readonly unknown[];
};

/** Asks a manager for all of its Swarm; throws where none leads it. */
export async function readAnswers(
  engine: Pick<Engine, "services" | "tasks" | "nodes">,
  signal: AbortSignal,
): Promise<SwarmAnswers> {
  const [services, tasks, nodes] = await Promise.all([
    engine.services(signal),
    engine.tasks(signal),
    engine.nodes(signal),
  ]);
  return { services, tasks, nodes };
}
