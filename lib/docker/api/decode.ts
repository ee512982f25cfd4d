import * as v from "valibot";
import { whyNoContainers } from "../../core/values/container_address.ts";
import {
  type ContainerId,
  type IpAddress,
  parseContainerId,
  parseIp,
  parsePortText,
  type Port,
  shortId,
} from "../../core/values/names.ts";
import { expected, type Notice, type Parsed, parsed, quote } from "../../core/values/notice.ts";
import { isOurs } from "../../core/labels/dialects.ts";
import type { LabelPrefix } from "../../core/labels/label_parts.ts";
import { otherToolOf } from "../../core/labels/other_tools.ts";
import type {
  ContainerView,
  EngineAddress,
  ExposedPort,
  Health,
  NetworkAttachment,
  PublishedPort,
} from "../../core/snapshot/snapshot.ts";
import { type Inspect, readInspect } from "./inspect_json.ts";

const text = v.optional(v.nullable(v.string(), ""), "");

const DATA_PREFIX = "INTERLOCK_DATA=";

/** Reads one container of Docker's JSON, with the labels of a prefix, or says what it should have been. */
export function decodeContainer(json: unknown, prefix?: LabelPrefix): Parsed<ContainerView> {
  if (json instanceof Error) return expected(`what signalbox can read: ${json.message}`);
  const reading = readInspect(json);
  if (!reading.ok) return reading;
  const { inspect, flaw } = reading.value;
  const id = parseContainerId(inspect.Id);
  if (!id.ok) return expected(`${id.expected} as Id`);
  const { Config: config, State: state, NetworkSettings: network } = inspect;
  const status = statusOf(state);
  // For a container that does not run, its configuration tells what it will have.
  const runs = status === "running" || status === "paused";
  const name = inspect.Name.replace(/^\//, "") || shortId(id.value);
  const oddities: Notice[] = [];
  const note = ({ isCostly, message }: { readonly isCostly: boolean; readonly message: string }) => {
    if (oddities.length >= MOST_ODDITIES) return;
    oddities.push({ severity: isCostly ? "warning" : "info", code: "odd-field", subject: name, message });
  };
  for (const oddity of reading.value.oddities) note(oddity);
  const [data, labels] = [dataOf(config.Env), decodeLabels(config.Labels, prefix)];
  const otherTool = data === undefined && labels === NO_LABELS
    ? otherToolOf(config.Labels, config.Env)
    : undefined;
  const refuse = (message: string) => note({ isCostly: true, message });
  return parsed({
    id: id.value,
    name,
    // The oldest container keeps a host. One of unknown age counts as the youngest.
    createdAt: reading.value.isAgeUnknown ? Number.MAX_SAFE_INTEGER : Date.parse(inspect.Created) || 0,
    startedAt: state.StartedAt,
    status,
    health: runs || !hasHealthCheck(config) ? healthOf(state.Health?.Status) : "starting",
    hostname: config.Hostname,
    domainname: config.Domainname,
    networkMode: inspect.HostConfig.NetworkMode,
    interlockData: data,
    labels,
    ...otherTool !== undefined && { otherTool },
    exposed: decodeExposed([config.ExposedPorts, network.Ports, runs ? {} : inspect.HostConfig.PortBindings]),
    published: decodePublished(network, refuse),
    networks: decodeNetworks(network, refuse),
    stopSignal: config.StopSignal === "" ? "SIGTERM" : config.StopSignal,
    stopTimeoutMs: stopTimeoutOf(config.StopTimeout ?? undefined),
    engine: decodeEngine(inspect.SignalboxEngine),
    flaw,
    oddities: oddities.length === 0 ? NO_ODDITIES : oddities,
    ...config.Image !== "" && { image: config.Image.slice(0, LONGEST_IMAGE) },
    ...taskOf(config.Labels),
  });
}

/** What is kept of an image's name, in characters. */
const LONGEST_IMAGE = 200;
/** The label by which Swarm marks the containers of its tasks. */
const TASK_LABEL = "com.docker.swarm.task.id";

function taskOf(labels: Inspect["Config"]["Labels"]): { readonly taskId?: string } {
  const taskId = labels[TASK_LABEL];
  return typeof taskId === "string" && /^[0-9a-z]{1,64}$/.test(taskId) ? { taskId } : NO_TASK;
}

const NO_TASK = {};

/** How many odd fields of one container are reported. */
const MOST_ODDITIES = 10;
const NO_ODDITIES: readonly Notice[] = [];

/** Where a variable is set twice, a process sees the last value: `docker run --env-file FILE -e NAME=VALUE`. */
export function dataOf(env: readonly unknown[]): string | undefined {
  const isData = (entry: unknown): entry is string =>
    typeof entry === "string" && entry.startsWith(DATA_PREFIX);
  return env.findLast(isData)?.slice(DATA_PREFIX.length);
}

/**
 * Our labels alone: a container may have any number of others. Engines write texts; a file may have been written by
 * hand, where `true` and `80` are as plain.
 */
export function decodeLabels(
  labels: Inspect["Config"]["Labels"],
  prefix: LabelPrefix | undefined,
): Readonly<Record<string, string>> {
  let ours: [string, string][] | undefined;
  for (const label in labels) {
    const value = labels[label];
    if (isOurs(label, prefix) && value !== null) (ours ??= []).push([label, String(value)]);
  }
  return ours === undefined ? NO_LABELS : Object.fromEntries(ours);
}

const NO_LABELS: Readonly<Record<string, string>> = {};

/** Docker waits for ever where the number of seconds is negative. */
export function stopTimeoutOf(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds < 0 ? Infinity : seconds * 1_000;
}

/** Old engines say no Status; the two flags say the same. Podman 5 calls a container that stops `running`, not `Running`. */
function statusOf(state: Inspect["State"]): string {
  if (state.Paused) return "paused";
  if (state.Status === "running" && state.Running === false) return "stopping";
  if (state.Status !== "") return state.Status;
  return state.Running ? "running" : "exited";
}

/** Whether a container has a health check, which the state of a stopped one need not tell; `NONE` switches off the image's. */
function hasHealthCheck({ Healthcheck: check }: Inspect["Config"]): boolean {
  const [first] = check?.Test ?? [];
  return first !== undefined && first !== "NONE";
}

function healthOf(status: string | undefined): Health {
  return status === "starting" || status === "healthy" || status === "unhealthy" ? status : "none";
}

function decodeEngine(engine: Inspect["SignalboxEngine"]): EngineAddress | undefined {
  const address = engine === undefined ? undefined : parseIp(engine.Address);
  return engine !== undefined && address?.ok
    ? {
      address: address.value,
      isLocal: engine.IsLocal,
      ...engine.Name !== undefined && { name: engine.Name },
      ...engine.Rootless !== undefined && { rootless: engine.Rootless },
    }
    : undefined;
}

/** Reads `80/tcp`, `80`, and a range as some builders leave it in an image: `33060-33062/tcp`. */
function decodePort(key: string): ExposedPort | undefined {
  const [numbers = "", protocol = "tcp"] = key.split("/");
  const [first = "", end, ...more] = numbers.split("-");
  const port = parsePortText(first);
  if (!port.ok || more.length > 0 || !/^[a-z]{1,8}$/.test(protocol)) return undefined;
  if (end === undefined) return { port: port.value, protocol };
  const last = parsePortText(end);
  if (!last.ok || last.value < port.value) return undefined;
  return last.value === port.value ? { port: port.value, protocol } : {
    port: port.value,
    last: last.value,
    protocol,
  };
}

const lastOf = ({ port, last }: ExposedPort): Port => last ?? port;

/** The ports of all lists together: `-p` also publishes ports that the image does not expose. */
function decodeExposed(lists: readonly Readonly<Record<string, unknown>>[]): ExposedPort[] {
  const keys = new Set(lists.flatMap((list) => Object.keys(list)));
  const ports = [...keys].flatMap((key) => decodePort(key) ?? []);
  ports.sort((a, b) => a.port - b.port || lastOf(b) - lastOf(a) || (a.protocol < b.protocol ? -1 : 1));
  const ends = new Map<string, Port>();
  return ports.filter((each) => {
    const end = ends.get(each.protocol);
    // A range contains the port too.
    if (end !== undefined && lastOf(each) <= end) return false;
    ends.set(each.protocol, lastOf(each));
    return true;
  });
}

/** Reports an address that no container can have. */
type Refuse = (message: string) => void;

function decodePublished(network: Inspect["NetworkSettings"], refuse: Refuse): PublishedPort[] {
  const published: PublishedPort[] = [];
  for (const [key, bindings] of Object.entries(network.Ports)) {
    const exposed = decodePort(key);
    if (exposed?.protocol !== "tcp" || exposed.last !== undefined) continue;
    for (const binding of bindings ?? []) {
      const hostPort = parsePortText(binding.HostPort);
      const address = parseIp(binding.HostIp === "" ? "0.0.0.0" : binding.HostIp);
      if (!hostPort.ok || !address.ok) continue;
      const isOpen = address.value === "0.0.0.0" || address.value === "::";
      const why = isOpen ? undefined : whyNoContainers(address.value);
      if (why !== undefined) {
        refuse(`port ${exposed.port} is published on ${address.value}, ${why}: left out`);
      } else published.push({ port: exposed.port, hostAddress: address.value, hostPort: hostPort.value });
    }
  }
  return published.sort(byPortThenAddress);
}

function byPortThenAddress(a: PublishedPort, b: PublishedPort): number {
  return a.port - b.port || (a.hostAddress < b.hostAddress ? -1 : a.hostAddress > b.hostAddress ? 1 : 0) ||
    comparePorts(a.hostPort, b.hostPort);
}

const comparePorts = (a: Port, b: Port): number => a - b;

function decodeNetworks(network: Inspect["NetworkSettings"], refuse: Refuse): NetworkAttachment[] {
  return Object.entries(network.Networks)
    .map(([name, on]) => {
      const refuseHere = (message: string) => refuse(`on network ${quote(name)} ${message}`);
      return {
        name,
        ipv4: decodeAddress(on?.IPAddress, refuseHere),
        ipv6: decodeAddress(on?.GlobalIPv6Address, refuseHere),
      };
    })
    .sort((a, b) => a.name < b.name ? -1 : 1);
}

function decodeAddress(text: string | undefined, refuse?: Refuse): IpAddress | undefined {
  const result = parseIp(text?.replace(/\/[0-9]+$/, "") ?? "");
  if (!result.ok) return undefined;
  const why = whyNoContainers(result.value);
  if (why !== undefined) refuse?.(`its address is ${result.value}, ${why}: left out`);
  return why === undefined ? result.value : undefined;
}

/** What is read of a network (`GET /networks/ID`); addresses are followed by the length of their prefix. */
const NetworkSchema = v.object({
  Name: v.string(),
  Containers: v.optional(v.nullable(v.record(v.string(), v.unknown()), {}), {}),
});
const EndpointSchema = v.object({ IPv4Address: text, IPv6Address: text });

/** The addresses that a network gave a container; `undefined` where it does not say so. */
export function decodeAttachment(json: unknown, id: ContainerId): NetworkAttachment | undefined {
  const network = v.safeParse(NetworkSchema, json);
  const endpoint = v.safeParse(EndpointSchema, network.success ? network.output.Containers[id] : undefined);
  if (!network.success || !endpoint.success) return undefined;
  const { IPv4Address: ipv4, IPv6Address: ipv6 } = endpoint.output;
  return { name: network.output.Name, ipv4: decodeAddress(ipv4), ipv6: decodeAddress(ipv6) };
}
