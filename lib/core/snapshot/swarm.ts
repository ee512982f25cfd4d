import type { Network } from "../values/network.ts";
import type { ContainerId, IpAddress, Port } from "../values/names.ts";
import type { Notice } from "../values/notice.ts";
import type { ContainerView, OtherTool } from "./snapshot.ts";
import type { SwarmNode } from "./swarm_node.ts";

/** A service of a Swarm, as far as routing needs it (Docker API: `GET /services`). */
export type SwarmService = {
  readonly id: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Our labels alone. */
  readonly labels: Readonly<Record<string, string>>;
  readonly otherTool?: OtherTool | undefined;
  /** Spec.EndpointSpec.Ports; `published` is 0 where the manager chooses one. */
  readonly ports: readonly ServicePort[];
  /** Endpoint.VirtualIPs, by the network's id. */
  readonly virtual: readonly { readonly network: string; readonly address: OnNetwork }[];
  /** Endpoint.Ports that every node takes connections for (mode ingress). */
  readonly ingress: readonly { readonly port: Port; readonly published: Port }[];
  /** Tells one version of what its tasks run from the next. */
  readonly version: string;
};

/** A port of a service. */
export type ServicePort = { readonly port: Port; readonly protocol: string };

/** An address with the network that it belongs to, which the length behind the address tells: `10.0.1.3/24`. */
export type OnNetwork = { readonly address: IpAddress; readonly network: Network };

/** A task of a service (Docker API: `GET /tasks`); its texts are still its service's own words. */
export type SwarmTask = {
  readonly id: string;
  readonly serviceId: string;
  readonly nodeId: string | undefined;
  /** Its name as Docker gives it to the container: service, slot or node, and id. */
  readonly suffix: string;
  readonly createdAt: number;
  /** What it does: `running`, `starting` and the like (Status.State). */
  readonly state: string;
  /** What its manager wants of it: `running`, `shutdown`, `remove` and the like (DesiredState). */
  readonly desired: string;
  readonly containerId: string | undefined;
  readonly hostname: string;
  readonly interlockData: string | undefined;
  /** Our labels of its containers alone. */
  readonly labels: Readonly<Record<string, string>>;
  readonly otherTool?: OtherTool | undefined;
  /** The networks of the Swarm that it is on. */
  readonly networks: readonly TaskNetwork[];
  /** Ports that its node has for it alone (mode host). */
  readonly hostPorts: readonly { readonly port: Port; readonly published: Port }[];
  readonly stopSignal: string;
  readonly stopTimeoutMs: number | undefined;
  readonly version: string;
  /** Odd parts of it, and what signalbox uses in their place. */
  readonly oddities: readonly Notice[];
};

/** A network that a task is on, with its addresses there; none before it has one. */
export type TaskNetwork = {
  readonly name: string;
  /** It is the network behind published ports, which signalbox is never on. */
  readonly isIngress: boolean;
  readonly addresses: readonly OnNetwork[];
};

/** What managers said at one moment, of one Swarm or several. */
export type Swarm = {
  readonly services: readonly SwarmService[];
  readonly tasks: readonly SwarmTask[];
  readonly nodes: readonly SwarmNode[];
};

/** What is known of the place where signalbox runs, which decides how tasks are reached from there. */
export type OwnPlace = {
  /** The nodes that are this machine. */
  readonly nodeIds: ReadonlySet<string>;
  /** The networks that signalbox has an interface of. */
  readonly networks: readonly Network[];
  /** The addresses that tasks of this machine have on its `docker_gwbridge`, by the container's id. */
  readonly bridge: ReadonlyMap<string, IpAddress>;
};

/** An engine of a node, beside its managers: it knows of an end before they do. */
export type NodeEngine = {
  readonly nodeId: string | undefined;
  /** It answers, and has listed its containers. */
  readonly isListening: boolean;
  readonly containers: ReadonlyMap<ContainerId, ContainerView>;
  readonly stopping: ReadonlySet<ContainerId>;
};

/** A Swarm of nothing. */
export const NO_SWARM: Swarm = { services: [], tasks: [], nodes: [] };
/** A place of which nothing is known. */
export const UNKNOWN_PLACE: OwnPlace = { nodeIds: new Set(), networks: [], bridge: new Map() };
