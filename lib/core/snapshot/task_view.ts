import { isLoopback } from "../values/container_address.ts";
import type { ContainerId, IpAddress } from "../values/names.ts";
import { liesIn, type Network, parseNetwork } from "../values/network.ts";
import { sha256 } from "../values/sha256.ts";
import type {
  ContainerView,
  ExposedPort,
  NetworkAttachment,
  ServiceFacts,
  SharedEndpoint,
} from "./snapshot.ts";
import type { OnNetwork, OwnPlace, SwarmService, SwarmTask } from "./swarm.ts";
import type { SwarmNode } from "./swarm_node.ts";

/** The network by which a node's own machine reaches its tasks (Docker's name for it). */
export const BRIDGE = "docker_gwbridge";

/** A network by this name is the node's own (`docker service create --network host`). */
export const HOST = "host";

/** What a task's view is made of, beside the task. */
export type TaskSurroundings = {
  readonly service: SwarmService;
  readonly node: SwarmNode | undefined;
  readonly place: OwnPlace;
  /** Its container, where an engine told of it. */
  readonly container: ContainerView | undefined;
  /** Whether no engine says otherwise of the container that its node says it is. */
  readonly isContainer: boolean;
  /** The ports that containers of its service declare, where an engine told of one. */
  readonly declared: readonly ExposedPort[];
  /** Whether it alone speaks for its service. */
  readonly speaks: boolean;
};

/** The id under which a task is known from its first address to its end: its container's comes only in between. */
export const idOfTask = (taskId: string): ContainerId => sha256(`task ${taskId}`) as ContainerId;

/** A task in the form of a container, so that everything behind goes one way. */
export function viewOfTask(task: SwarmTask, around: TaskSurroundings): ContainerView {
  const { service, node, place, container } = around;
  const isOwn = task.nodeId !== undefined && place.nodeIds.has(task.nodeId);
  const overlays = task.networks.filter(({ isIngress }) => !isIngress);
  const shared = overlays.flatMap((network) => attachment(network.name, network.addresses, place) ?? []);
  const names = new Set(shared.map(({ name }) => name));
  const swarms = new Set(task.networks.map(({ name }) => name));
  // A service without a network of its own is on its machine's default bridge.
  const local = isOwn ? container?.networks.filter(({ name }) => !swarms.has(name)) ?? [] : [];
  const reached = [...shared, ...local].sort((a, b) => a.name < b.name ? -1 : 1);
  // Each machine has a loopback address of its own.
  const at = node?.address !== undefined && (isOwn || !isLoopback(node.address)) ? node.address : undefined;
  const labels = { ...service.labels, ...task.labels };
  const isSilent = task.interlockData === undefined && Object.keys(labels).length === 0;
  const otherTool = isSilent ? service.otherTool ?? task.otherTool : undefined;
  const bridge = isOwn && around.isContainer ? place.bridge.get(task.containerId ?? "") : undefined;
  return {
    id: idOfTask(task.id),
    name: `${service.name}.${task.suffix}`,
    // An update does not change who decides: all tasks are as old as their service.
    createdAt: service.createdAt,
    startedAt: task.id,
    status: container?.status === "paused" ? "paused" : "running",
    // A manager says that a task runs once its health check has succeeded.
    health: "none",
    hostname: task.hostname,
    domainname: "",
    networkMode: swarms.has(HOST) ? HOST : "",
    interlockData: task.interlockData,
    labels,
    ...otherTool !== undefined && { otherTool },
    exposed: exposedOf(task, service, around.declared),
    published: at === undefined ? [] : publishedAt(task, at),
    networks: bridge === undefined ? reached : [...reached, { name: BRIDGE, ipv4: bridge, ipv6: undefined }],
    stopSignal: task.stopSignal,
    stopTimeoutMs: task.stopTimeoutMs,
    engine: undefined,
    flaw: undefined,
    oddities: task.oddities,
    task: {
      service: serviceFacts(around),
      createdAt: task.createdAt,
      isElsewhere: !isOwn,
      nodeAddress: at,
      outOfReach: overlays.map(({ name }) => name).filter((name) => !names.has(name)),
    },
  };
}

/** A container that a Swarm runs on an engine of which no manager tells: its overlay addresses lead nowhere from outside. */
export function viewOfLoneTask(container: ContainerView, place: OwnPlace): ContainerView {
  const isWithin = ({ ipv4 }: NetworkAttachment) => {
    const address = parseNetwork(ipv4 ?? "");
    return address.ok && place.networks.some((network) => liesIn(address.value, network));
  };
  const reached = container.networks.filter(isWithin);
  const bridge = place.bridge.get(container.id);
  return {
    ...container,
    networks: bridge === undefined ? reached : [...reached, { name: BRIDGE, ipv4: bridge, ipv6: undefined }],
    task: {
      service: undefined,
      createdAt: container.createdAt,
      isElsewhere: container.engine?.isLocal === false,
      nodeAddress: undefined,
      outOfReach: container.networks.filter((each) => !isWithin(each)).map(({ name }) => name),
    },
  };
}

/** Whether signalbox is on a network: it has an interface of it, and not of a part or of more. */
const isShared = (network: Network, { networks }: OwnPlace): boolean =>
  networks.some((own) => own.length === network.length && liesIn(network, own));

function attachment(
  name: string,
  addresses: readonly OnNetwork[],
  place: OwnPlace,
): NetworkAttachment | undefined {
  const reached = addresses.filter(({ network }) => isShared(network, place)).map(({ address }) => address);
  if (reached.length === 0) return undefined;
  return {
    name,
    ipv4: reached.find((address) => !address.includes(":")),
    ipv6: reached.find((address) => address.includes(":")),
  };
}

/** What its service publishes counts before what its image declares, which only its own engine tells. */
function exposedOf(
  { hostPorts }: SwarmTask,
  { ports }: SwarmService,
  declared: readonly ExposedPort[],
): readonly ExposedPort[] {
  const named = [...ports, ...hostPorts.map(({ port }) => ({ port, protocol: "tcp" }))];
  const tcp = [...new Set(named.filter(({ protocol }) => protocol === "tcp").map(({ port }) => port))];
  if (tcp.length === 0) return declared;
  return tcp.sort((a, b) => a - b).map((port) => ({ port, protocol: "tcp" }));
}

const publishedAt = ({ hostPorts }: SwarmTask, hostAddress: IpAddress) =>
  hostPorts.map(({ port, published: hostPort }) => ({ port, hostAddress, hostPort }));

function serviceFacts({ service, node, place, speaks }: TaskSurroundings): ServiceFacts {
  const virtual: SharedEndpoint[] = service.virtual.filter(({ address }) => isShared(address.network, place))
    .map(({ address: { address } }) => ({ port: undefined, address, at: undefined }));
  const address = node?.address;
  const ingress = address === undefined
    ? []
    : service.ingress.map(({ port, published: at }): SharedEndpoint => ({ port, address, at }));
  return { id: service.id, name: service.name, shared: [...virtual, ...ingress], speaks };
}
