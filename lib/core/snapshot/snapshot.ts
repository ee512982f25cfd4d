import type { ContainerId, HostName, IpAddress, Port } from "../values/names.ts";
import type { Notice } from "../values/notice.ts";
import type { SwarmNode } from "./swarm_node.ts";

/**
 * A port as an image or `docker run` declares it (Docker API: Config.ExposedPorts, NetworkSettings.Ports); `last` is the
 * last one of a range.
 */
export type ExposedPort = { readonly port: Port; readonly last?: Port; readonly protocol: string };

/** A container port that the engine publishes on the host (Docker API: NetworkSettings.Ports). */
export type PublishedPort = { readonly port: Port; readonly hostAddress: IpAddress; readonly hostPort: Port };

/** A network that the container is attached to, with the addresses that it has there (NetworkSettings.Networks). */
export type NetworkAttachment = {
  readonly name: string;
  readonly ipv4: IpAddress | undefined;
  readonly ipv6: IpAddress | undefined;
};

/** What the engine's own HEALTHCHECK says; "none" where there is no check (Docker API: State.Health.Status). */
export type Health = "none" | "starting" | "healthy" | "unhealthy";

/** One container as Docker described it, decoded once; its texts are still the container's own words. */
export type ContainerView = {
  readonly id: ContainerId;
  /** Docker's name, without the slash in front. */
  readonly name: string;
  /** Milliseconds since 1970; the oldest container decides where several disagree. */
  readonly createdAt: number;
  /** When it was last started, in Docker's words: with another text the container is probed again. */
  readonly startedAt: string;
  /** Docker's word: running, paused, restarting, exited, created, removing, dead. */
  readonly status: string;
  readonly health: Health;
  readonly hostname: string;
  readonly domainname: string;
  /** `host`, `none`, `container:ID`, or a network's name (Docker API: HostConfig.NetworkMode). */
  readonly networkMode: string;
  /** Everything after the first `=` of INTERLOCK_DATA, if the container has one; of several the last, as its process sees it. */
  readonly interlockData: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** Every declared port, TCP and others, sorted. */
  readonly exposed: readonly ExposedPort[];
  /** Published TCP ports, sorted. */
  readonly published: readonly PublishedPort[];
  /** Sorted by name. */
  readonly networks: readonly NetworkAttachment[];
  /** The signal that `docker stop` sends, by name: SIGTERM unless the image says otherwise (Config.StopSignal). */
  readonly stopSignal: string;
  /** How long `docker stop` waits for it, where it says so itself (Config.StopTimeout), in milliseconds. */
  readonly stopTimeoutMs: number | undefined;
  /** Its engine, where there are several; `undefined` for the one of the settings. */
  readonly engine: EngineAddress | undefined;
  /** The part of its JSON that routing needs and that cannot be read: such a container serves nothing. */
  readonly flaw: string | undefined;
  /** Other odd parts of its JSON, and what signalbox uses in their place. */
  readonly oddities: readonly Notice[];
  /** What it was made from, for people; absent where that is not told. */
  readonly image?: string;
  /** The tool that it speaks to, where it says nothing to us. */
  readonly otherTool?: OtherTool;
  /** Where it is no container: the route that a file of the operator's lists. */
  readonly listed?: ListedRoute;
  /** Where it is to be made from a file: what the file calls it. What its image declares is not known. */
  readonly plannedAs?: string;
  /** The task of a Swarm that it runs, by the label that Swarm gives it. */
  readonly taskId?: string;
  /** Where it is a task of a Swarm: what its manager says of it. */
  readonly task?: TaskFacts;
};

/** The words of another tool, which signalbox does not read, as a hint for people who come from there. */
export type OtherTool = {
  /** Who reads them; `another prefix` where they are our words behind a prefix that is not ours. */
  readonly name: "Traefik" | "caddy-docker-proxy" | "nginx-proxy" | "another prefix";
  readonly source: "label" | "variable";
  /** The one that says most. */
  readonly word: string;
  /** The host and the port that they name, where they can be read. */
  readonly host?: HostName;
  readonly port?: Port;
};

/** What routing has to know of a task of a Swarm, beside what it has in common with containers. */
export type TaskFacts = {
  /** Its service's name; `undefined` where no manager tells of it. */
  readonly service: ServiceFacts | undefined;
  /** Milliseconds since 1970: of the tasks of one service the oldest decides. */
  readonly createdAt: number;
  /** It runs on another machine than signalbox. */
  readonly isElsewhere: boolean;
  /** Where its node is; `undefined` where that is not known, or is another machine's loopback address. */
  readonly nodeAddress: IpAddress | undefined;
  /** The overlay networks that it is on and signalbox is not, by name, sorted. */
  readonly outOfReach: readonly string[];
};

/** What is known of a task's service. */
export type ServiceFacts = {
  readonly id: string;
  readonly name: string;
  /** Addresses that the kernel spreads over all tasks: its virtual one on a network that signalbox is on, by port. */
  readonly shared: readonly SharedEndpoint[];
  /** Whether this task alone speaks for its service, where the service is reached at such an address. */
  readonly speaks: boolean;
};

/** Where all tasks of a service are reached together; for every port where none is named. */
export type SharedEndpoint = {
  readonly port: Port | undefined;
  readonly address: IpAddress;
  readonly at: Port | undefined;
};

/** The lines of a file, by key, and by key, dot and number for the elements of its list, from 0. */
export type Lines = ReadonlyMap<string, number>;

/** A route that is no container's, as its file has it. */
export type ListedRoute = {
  /** For messages: `routes.yaml, line 3`. */
  readonly place: string;
  /** Where its keys and elements stand. */
  readonly lines?: Lines | undefined;
  /** An object of keys and `servers`, if the file is right; not yet read. */
  readonly entry: unknown;
  /** Why it is not read. */
  readonly flaw?: string | undefined;
};

/** How the containers of an engine are reached, and what the engine is called where there are several: its URL. */
export type EngineAddress = {
  readonly address: IpAddress;
  readonly isLocal: boolean;
  readonly name?: string;
  /** Its containers are in networks that only its user's namespace reaches. */
  readonly rootless?: Rootless;
};

/** An engine that runs without root. */
export type Rootless = "docker" | "podman";

/** What Docker said at one moment. */
export type Snapshot = {
  readonly containers: readonly ContainerView[];
  /**
   * Containers that were told to stop and still run, and those whose address may have changed since signalbox read them:
   * their servers are drained.
   */
  readonly stopping: ReadonlySet<ContainerId>;
  /** Containers that their engine starts and that have their addresses: their servers exist in advance, without traffic. */
  readonly starting: ReadonlySet<ContainerId>;
  /**
   * Tasks that their Swarm is about to end, and that serve until then: their servers get nothing new as soon as another
   * one of their backend has traffic.
   */
  readonly leaving?: ReadonlySet<ContainerId>;
  /** The nodes of Swarms that are known; absent where there is none. */
  readonly nodes?: readonly SwarmNode[];
  /** What is wrong with the files that routes come from. */
  readonly notices?: readonly Notice[];
};

/** A snapshot of nothing, as before Docker first answers. */
export const emptySnapshot: Snapshot = { containers: [], stopping: new Set(), starting: new Set() };

/** Sorts containers, so that Docker's order has no effect. */
export function sortContainers(containers: readonly ContainerView[]): ContainerView[] {
  return [...new Map(containers.map((container) => [container.id, container])).values()].sort(byId);
}

/** By id. */
export const byId = (a: ContainerView, b: ContainerView): number => a.id < b.id ? -1 : a.id > b.id ? 1 : 0;

/** The snapshot without the containers that their engine still starts. */
export function withoutStarting(snapshot: Snapshot): Snapshot {
  const containers = snapshot.containers.filter(({ id }) => !snapshot.starting.has(id));
  return { ...snapshot, containers, starting: new Set() };
}
