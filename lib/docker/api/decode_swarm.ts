import * as v from "valibot";
import { readBoolean } from "../../core/keys/key_kind.ts";
import { type LabelPrefix, PREFIX } from "../../core/labels/label_parts.ts";
import { otherToolOf } from "../../core/labels/other_tools.ts";
import type {
  OnNetwork,
  ServicePort,
  SwarmService,
  SwarmTask,
  TaskNetwork,
} from "../../core/snapshot/swarm.ts";
import type { SwarmNode } from "../../core/snapshot/swarm_node.ts";
import { whyNoContainers } from "../../core/values/container_address.ts";
import { type IpAddress, parseIp, parsePort, type Port } from "../../core/values/names.ts";
import { parseNetwork } from "../../core/values/network.ts";
import { dataOf, decodeLabels, stopTimeoutOf } from "./decode.ts";

const text = v.optional(v.nullable(v.string(), ""), "");
const number = v.optional(v.nullable(v.number(), 0), 0);
const list = <T extends v.GenericSchema>(schema: T) => v.optional(v.nullable(v.array(schema), []), []);
const labels = v.optional(
  v.nullable(v.record(v.string(), v.nullable(v.union([v.string(), v.number(), v.boolean()]))), {}),
  {},
);
/** An object that may be absent, read as an empty one. */
const part = <T extends v.ObjectEntries>(entries: T) => {
  const schema = v.object(entries);
  const nothing = {} as v.InferInput<typeof schema>;
  return v.optional(v.nullable(schema, () => nothing), () => nothing);
};

/** Swarm's ids, of services, tasks and nodes (swarmkit's `identity`). */
const id = v.pipe(v.string(), v.regex(/^[0-9a-z]{1,64}$/));
const PortSchema = v.object({
  Protocol: text,
  TargetPort: number,
  PublishedPort: number,
  PublishMode: text,
});
const TaskSpecSchema = part({
  ContainerSpec: part({
    Image: text,
    Labels: labels,
    Env: list(v.unknown()),
    Hostname: text,
    StopSignal: text,
    StopGracePeriod: v.optional(v.nullable(v.number())),
  }),
  ForceUpdate: number,
});

const ServiceSchema = v.object({
  ID: id,
  CreatedAt: text,
  Spec: part({
    Name: text,
    Labels: labels,
    TaskTemplate: TaskSpecSchema,
    EndpointSpec: part({ Ports: list(PortSchema) }),
  }),
  Endpoint: part({
    Ports: list(PortSchema),
    VirtualIPs: list(v.object({ NetworkID: text, Addr: text })),
  }),
});

const TaskSchema = v.object({
  ID: id,
  CreatedAt: text,
  ServiceID: text,
  NodeID: text,
  Slot: number,
  DesiredState: text,
  Spec: TaskSpecSchema,
  Status: part({
    State: text,
    ContainerStatus: part({ ContainerID: text }),
    PortStatus: part({ Ports: list(PortSchema) }),
  }),
  NetworksAttachments: list(v.object({
    Network: part({ ID: text, Spec: part({ Name: text, Ingress: v.optional(v.nullable(v.boolean())) }) }),
    Addresses: list(v.string()),
  })),
});

const NodeSchema = v.object({
  ID: id,
  Spec: part({ Role: text, Labels: labels }),
  Description: part({ Hostname: text }),
  Status: part({ State: text, Addr: text }),
  ManagerStatus: part({ Addr: text }),
});

/** Reads a service of `GET /services`; `undefined` for what is none. */
export function decodeService(json: unknown, prefix?: LabelPrefix): SwarmService | undefined {
  const { success, output } = v.safeParse(ServiceSchema, json);
  if (!success) return undefined;
  const { Spec: spec, Endpoint: endpoint } = output;
  return {
    id: output.ID,
    name: nameOf(spec.Name, output.ID),
    createdAt: Date.parse(output.CreatedAt) || 0,
    labels: decodeLabels(spec.Labels, prefix),
    otherTool: otherToolOf(spec.Labels, []),
    ports: spec.EndpointSpec.Ports.flatMap(decodePort),
    virtual: endpoint.VirtualIPs.flatMap(({ NetworkID: network, Addr }) =>
      decodeOnNetwork(Addr).map((address) => ({ network, address }))
    ),
    ingress: endpoint.Ports.filter(({ PublishMode: mode }) => mode !== "host").flatMap(decodePublished),
    version: versionOf(spec.TaskTemplate),
  };
}

/** Reads a task of `GET /tasks`; `undefined` for what is none. */
export function decodeTask(json: unknown, prefix?: LabelPrefix): SwarmTask | undefined {
  const { success, output } = v.safeParse(TaskSchema, json);
  if (!success) return undefined;
  const { Spec: spec, Status: status } = output;
  const { ContainerSpec: container } = spec;
  const grace = container.StopGracePeriod ?? undefined;
  const { ContainerStatus: { ContainerID: containerId }, PortStatus: { Ports: ports } } = status;
  return {
    id: output.ID,
    serviceId: output.ServiceID,
    nodeId: output.NodeID === "" ? undefined : output.NodeID,
    suffix: `${output.Slot > 0 ? output.Slot : output.NodeID}.${output.ID}`,
    createdAt: Date.parse(output.CreatedAt) || 0,
    state: status.State,
    desired: output.DesiredState,
    containerId: /^[0-9a-f]{64}$/.test(containerId) ? containerId : undefined,
    // What is a template of Docker's, each node fills in for itself.
    hostname: container.Hostname.includes("{{") ? "" : container.Hostname,
    interlockData: dataOf(container.Env),
    labels: decodeLabels(container.Labels, prefix),
    otherTool: otherToolOf(container.Labels, container.Env),
    networks: decodeNetworks(output.NetworksAttachments),
    hostPorts: unique(ports.filter(({ PublishMode: mode }) => mode === "host").flatMap(decodePublished)),
    stopSignal: container.StopSignal === "" ? "SIGTERM" : container.StopSignal,
    stopTimeoutMs: grace === undefined ? undefined : stopTimeoutOf(grace / 1e9),
    version: versionOf(spec),
    oddities: [],
  };
}

/** Reads a node of `GET /nodes`; `undefined` for what is none. */
export function decodeNode(json: unknown, prefix?: LabelPrefix): SwarmNode | undefined {
  const { success, output } = v.safeParse(NodeSchema, json);
  if (!success) return undefined;
  const { Status: { State: state, Addr: said }, ManagerStatus: { Addr: asManager } } = output;
  // A manager may know itself by no address (0.0.0.0); the others know it by the one that they call.
  const address = usableIp(said) ?? usableIp(asManager.replace(/:[0-9]+$/, "").replace(/^\[|\]$/g, ""));
  const { Role: role, Labels: { [peerLabel(prefix)]: label } } = output.Spec;
  const isPeer = label === undefined ? role === "manager" : label === "" || readBoolean(label);
  return { id: output.ID, name: nameOf(output.Description.Hostname, output.ID), address, state, isPeer };
}

/** The label by which a node joins the fleet, or keeps out of it. */
export const peerLabel = (prefix: LabelPrefix = PREFIX): string => `${prefix}peer`;

/** Docker's own rule for names of services, and of machines; any other text is not repeated. */
const nameOf = (name: string, id: string): string =>
  /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/.test(name) ? name : id;

const versionOf = (
  { ContainerSpec: { Image: image }, ForceUpdate: forced }: v.InferOutput<typeof TaskSpecSchema>,
) => `${image} ${forced}`;

type GivenPort = v.InferOutput<typeof PortSchema>;

function decodePort({ TargetPort, Protocol: protocol }: GivenPort): ServicePort[] {
  const port = parsePort(TargetPort);
  return port.ok ? [{ port: port.value, protocol }] : [];
}

function decodePublished(given: GivenPort): { readonly port: Port; readonly published: Port }[] {
  const port = parsePort(given.TargetPort);
  const published = parsePort(given.PublishedPort);
  return given.Protocol === "tcp" && port.ok && published.ok
    ? [{ port: port.value, published: published.value }]
    : [];
}

/** Swarm tells a port once for IPv4 and once for IPv6. */
function unique<T extends { readonly port: Port; readonly published: Port }>(ports: readonly T[]): T[] {
  const found = new Map(ports.map((each) => [`${each.port} ${each.published}`, each]));
  return [...found.values()].sort((a, b) => a.port - b.port || a.published - b.published);
}

function decodeNetworks(
  attachments: v.InferOutput<typeof TaskSchema>["NetworksAttachments"],
): readonly TaskNetwork[] {
  return attachments.map(({ Network: { ID, Spec: { Name, Ingress } }, Addresses }) => {
    const addresses = Addresses.flatMap(decodeOnNetwork);
    return { name: nameOf(Name, ID), isIngress: Ingress === true, addresses };
  }).sort((a, b) => a.name < b.name ? -1 : 1);
}

function decodeOnNetwork(said: string): OnNetwork[] {
  const address = usableIp(said.replace(/\/[0-9]+$/, ""));
  const network = parseNetwork(said);
  return address !== undefined && network.ok ? [{ address, network: network.value }] : [];
}

function usableIp(said: string): IpAddress | undefined {
  const address = parseIp(said);
  return address.ok && whyNoContainers(address.value) === undefined ? address.value : undefined;
}
