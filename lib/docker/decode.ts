import * as v from "valibot";
import {
  type ContainerId,
  type IpAddress,
  parseContainerId,
  parseIp,
  parsePortText,
  type Port,
} from "../core/names.ts";
import { expected, type Parsed, parsed, quote } from "../core/notice.ts";
import type {
  ContainerView,
  EngineAddress,
  ExposedPort,
  Health,
  NetworkAttachment,
  PublishedPort,
} from "../core/snapshot.ts";

const text = v.optional(v.nullable(v.string(), ""), "");
const record = <T extends v.GenericSchema>(schema: T) =>
  v.optional(v.nullable(v.record(v.string(), schema), {}), {});

/** What is read of a container as Docker's Engine API gives it (`GET /containers/ID/json`); the rest is ignored. */
const InspectSchema = v.object({
  Id: v.string(),
  Name: v.string(),
  Created: text,
  State: v.object({
    Status: text,
    Running: v.optional(v.boolean(), false),
    Paused: v.optional(v.boolean(), false),
    StartedAt: text,
    Health: v.optional(v.nullable(v.object({ Status: text }))),
  }),
  Config: v.object({
    Hostname: text,
    Domainname: text,
    Env: v.optional(v.nullable(v.array(v.string()), []), []),
    Labels: record(v.string()),
    ExposedPorts: record(v.unknown()),
    StopSignal: text,
    StopTimeout: v.optional(v.nullable(v.number())),
    Healthcheck: v.optional(
      v.nullable(v.object({ Test: v.optional(v.nullable(v.array(v.string()), []), []) })),
    ),
  }),
  HostConfig: v.optional(v.object({ NetworkMode: text, PortBindings: record(v.unknown()) }), {
    NetworkMode: "",
    PortBindings: {},
  }),
  NetworkSettings: v.optional(
    v.object({
      Ports: record(v.nullable(v.array(v.object({ HostIp: text, HostPort: text })))),
      Networks: record(v.object({ IPAddress: text, GlobalIPv6Address: text })),
    }),
    { Ports: {}, Networks: {} },
  ),
  /** Written by `signalbox snapshot` where there are several engines. */
  SignalboxEngine: v.optional(v.object({ Address: v.string(), IsLocal: v.boolean() })),
});

type Inspect = v.InferOutput<typeof InspectSchema>;

const DATA_PREFIX = "INTERLOCK_DATA=";

/** Reads one container of Docker's JSON, or says what it should have been. */
export function decodeContainer(json: unknown): Parsed<ContainerView> {
  if (json instanceof Error) return expected(`what signalbox can read: ${json.message}`);
  const result = v.safeParse(InspectSchema, json, { abortEarly: true });
  if (!result.success) {
    const issue = result.issues[0];
    return expected(
      `a container as docker inspect prints it (${v.getDotPath(issue) ?? "it"}: ${quote(issue.message)})`,
    );
  }
  const inspect = result.output;
  const id = parseContainerId(inspect.Id);
  if (!id.ok) return expected(`${id.expected} as Id`);
  const { Config: config, State: state, NetworkSettings: network } = inspect;
  const status = statusOf(state);
  // Of one that does not run, its configuration tells what it will have.
  const runs = status === "running" || status === "paused";
  return parsed({
    id: id.value,
    name: inspect.Name.replace(/^\//, ""),
    createdAt: Date.parse(inspect.Created) || 0,
    startedAt: state.StartedAt,
    status,
    health: runs || !hasHealthCheck(config) ? healthOf(state.Health?.Status) : "starting",
    hostname: config.Hostname,
    domainname: config.Domainname,
    networkMode: inspect.HostConfig.NetworkMode,
    interlockData: config.Env.find((entry) => entry.startsWith(DATA_PREFIX))?.slice(DATA_PREFIX.length),
    labels: config.Labels,
    exposed: decodeExposed([config.ExposedPorts, network.Ports, runs ? {} : inspect.HostConfig.PortBindings]),
    published: decodePublished(network),
    networks: decodeNetworks(network),
    stopSignal: config.StopSignal === "" ? "SIGTERM" : config.StopSignal,
    stopTimeoutMs: stopTimeoutOf(config.StopTimeout ?? undefined),
    engine: decodeEngine(inspect.SignalboxEngine),
  });
}

/** Docker waits for ever where the number of seconds is negative. */
function stopTimeoutOf(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds < 0 ? Infinity : seconds * 1_000;
}

/** Old engines say no Status; the two flags say the same. */
function statusOf(state: Inspect["State"]): string {
  if (state.Paused) return "paused";
  if (state.Status !== "") return state.Status;
  return state.Running ? "running" : "exited";
}

/** What the state of one that does not run need not tell; `NONE` switches off the check of an image. */
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
    ? { address: address.value, isLocal: engine.IsLocal }
    : undefined;
}

function decodePort(key: string): ExposedPort | undefined {
  const [number = "", protocol = "tcp"] = key.split("/");
  const port = parsePortText(number);
  return port.ok && /^[a-z]{1,8}$/.test(protocol) ? { port: port.value, protocol } : undefined;
}

/** `-p` publishes ports that nobody exposed: all lists together are what the container has. */
function decodeExposed(lists: readonly Readonly<Record<string, unknown>>[]): ExposedPort[] {
  const keys = new Set(lists.flatMap((list) => Object.keys(list)));
  const ports = [...keys].flatMap((key) => decodePort(key) ?? []);
  return ports.sort((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1));
}

function decodePublished(network: Inspect["NetworkSettings"]): PublishedPort[] {
  const published: PublishedPort[] = [];
  for (const [key, bindings] of Object.entries(network.Ports)) {
    const exposed = decodePort(key);
    if (exposed?.protocol !== "tcp") continue;
    for (const binding of bindings ?? []) {
      const hostPort = parsePortText(binding.HostPort);
      const address = parseIp(binding.HostIp === "" ? "0.0.0.0" : binding.HostIp);
      if (hostPort.ok && address.ok) {
        published.push({ port: exposed.port, hostAddress: address.value, hostPort: hostPort.value });
      }
    }
  }
  return published.sort(byPortThenAddress);
}

function byPortThenAddress(a: PublishedPort, b: PublishedPort): number {
  return a.port - b.port || (a.hostAddress < b.hostAddress ? -1 : a.hostAddress > b.hostAddress ? 1 : 0) ||
    comparePorts(a.hostPort, b.hostPort);
}

const comparePorts = (a: Port, b: Port): number => a - b;

function decodeNetworks(network: Inspect["NetworkSettings"]): NetworkAttachment[] {
  return Object.entries(network.Networks)
    .map(([name, on]) => ({
      name,
      ipv4: decodeAddress(on.IPAddress),
      ipv6: decodeAddress(on.GlobalIPv6Address),
    }))
    .sort((a, b) => a.name < b.name ? -1 : 1);
}

function decodeAddress(text: string): IpAddress | undefined {
  const result = parseIp(text.replace(/\/[0-9]+$/, ""));
  return result.ok ? result.value : undefined;
}

/** What is read of a network (`GET /networks/ID`); addresses are followed by the length of their prefix. */
const NetworkSchema = v.object({ Name: v.string(), Containers: record(v.unknown()) });
const EndpointSchema = v.object({ IPv4Address: text, IPv6Address: text });

/** The addresses that a network gave a container; `undefined` where it does not say so. */
export function decodeAttachment(json: unknown, id: ContainerId): NetworkAttachment | undefined {
  const network = v.safeParse(NetworkSchema, json);
  const endpoint = v.safeParse(EndpointSchema, network.success ? network.output.Containers[id] : undefined);
  if (!network.success || !endpoint.success) return undefined;
  const { IPv4Address: ipv4, IPv6Address: ipv6 } = endpoint.output;
  return { name: network.output.Name, ipv4: decodeAddress(ipv4), ipv6: decodeAddress(ipv6) };
}
