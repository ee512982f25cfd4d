import { OTHER_VARIABLES } from "../../core/labels/other_tools.ts";
import { messageOf } from "../../core/values/message_of.ts";
import { type Parsed, quote } from "../../core/values/notice.ts";
import type { EnvEntry } from "./env_text.ts";
import type { Lookup, Telling } from "./interpolate.ts";
import {
  ComposeMistake,
  isMap,
  listOf,
  mapOf,
  type Place,
  type Placed,
  type PlacedMap,
  textOf,
} from "./placed.ts";
import { type ComposePort, parseComposePort } from "./ports.ts";

/** A service as far as routing is concerned. */
export type ComposeService = {
  /** Letters, digits and `_.-`. */
  readonly name: string;
  readonly at: Place;
  /** The names that Docker gives its containers; none where it has no replicas. */
  readonly containers: readonly string[];
  readonly hostname: string;
  readonly domainname: string;
  readonly interlockData: string | undefined;
  /** The variables of its environment that other tools read, as far as signalbox knows them. */
  readonly otherVariables: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** `80`, `53/udp`, `3000-3005`. */
  readonly exposed: readonly string[];
  readonly ports: readonly ComposePort[];
  /** As Docker has it; `service:NAME` where it uses the network of another service. */
  readonly networkMode: string;
  /** The names of its networks as Docker knows them. */
  readonly networks: readonly string[];
  /** Where each of its parts stands: `hostname`, `ports`, `label NAME`, `INTERLOCK_DATA`. */
  readonly places: ReadonlyMap<string, Place>;
  /** Labels of `deploy` that are not among `labels`: a Swarm alone gives them to anything. */
  readonly deployLabels: Readonly<Record<string, string>>;
};

/** What a service is read with. */
export type ServiceSurroundings = {
  readonly project: string;
  readonly networks: PlacedMap;
  readonly lookup: Lookup;
  /** The variables of a file, by name. Throws where it cannot be read. */
  readonly envOf: (path: string, lookup: Lookup) => Promise<ReadonlyMap<string, EnvEntry>>;
  /** The files are for a Swarm: labels of `deploy` are those of its services. */
  readonly isSwarm: boolean;
  /** Is told a value of the shell's that stands in the place of a text. */
  readonly wrote: Telling["wrote"];
};

/** Containers of one service that are looked at: more of them serve alike. */
const MOST_REPLICAS = 100;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
const DATA = "INTERLOCK_DATA";

/** Reads one service of a project. Throws ComposeMistake for what Compose refuses. */
export async function readService(
  name: string,
  at: Place,
  parts: PlacedMap,
  around: ServiceSurroundings,
): Promise<ComposeService> {
  if (!NAME.test(name)) {
    throw new ComposeMistake(
      at,
      `a service is called ${quote(name)}, expected letters, digits and ._- alone`,
    );
  }
  const places = new Map<string, Place>();
  for (const [part, placed] of parts) places.set(part, placed.at);
  const deploy = mapOf(parts.get("deploy"), "deploy");
  const data = await variableOf(DATA, parts, around, places);
  const otherVariables: Record<string, string> = {};
  for (const variable of OTHER_VARIABLES) {
    const text = await variableOf(variable, parts, around, places);
    if (text !== undefined) otherVariables[variable] = text;
  }
  const ofDeploy = labelsOf(deploy.get("labels"), "deploy.labels", places);
  const ofFiles = await labelsOfFiles(parts, around, places);
  const own = labelsOf(parts.get("labels"), "labels", places);
  return {
    name,
    at,
    containers: containersOf(name, parts, deploy, around.project),
    hostname: textOf(parts.get("hostname")) ?? "",
    domainname: textOf(parts.get("domainname")) ?? "",
    interlockData: data,
    otherVariables,
    // In a Swarm, the labels of a container beat those of its service.
    labels: { ...around.isSwarm ? ofDeploy : {}, ...ofFiles, ...own },
    exposed: exposedOf(parts),
    ports: portsOf(parts),
    ...networkOf(name, parts, around),
    places,
    deployLabels: around.isSwarm ? {} : ofDeploy,
  };
}

function containersOf(name: string, parts: PlacedMap, deploy: PlacedMap, project: string): readonly string[] {
  const placed = deploy.get("replicas") ?? parts.get("scale");
  const text = textOf(placed) ?? "1";
  if (placed !== undefined && !/^[0-9]{1,9}$/.test(text)) {
    throw new ComposeMistake(placed.at, `it has ${quote(text)} replicas, expected a whole number`);
  }
  const count = deploy.get("mode")?.value === "global" ? 1 : Number(text);
  const own = parts.get("container_name");
  const chosen = textOf(own);
  if (own !== undefined && chosen !== undefined) {
    if (!NAME.test(chosen)) {
      throw new ComposeMistake(
        own.at,
        `container_name is ${quote(chosen)}, expected letters, digits and ._- alone`,
      );
    }
    if (count > 1) {
      throw new ComposeMistake(
        own.at,
        `container_name is set beside ${count} replicas, expected one of them`,
      );
    }
    return count === 0 ? [] : [chosen];
  }
  return Array.from({ length: Math.min(count, MOST_REPLICAS) }, (_, at) => `${project}-${name}-${at + 1}`);
}

function labelsOf(
  placed: Placed | undefined,
  what: string,
  places: Map<string, Place>,
): Record<string, string> {
  const labels: [string, string][] = [];
  for (const [label, value] of mapOf(placed, what)) {
    if (typeof value.value === "object" && value.value !== null) {
      throw new ComposeMistake(
        value.at,
        `label ${quote(label)} is no text, expected one, in quotes if it holds JSON`,
      );
    }
    labels.push([label, textOf(value) ?? ""]);
    places.set(`label ${label}`, value.at);
  }
  return Object.fromEntries(labels);
}

/** The labels of `label_file`, of the later files over the earlier ones (compose-spec, label_file). */
async function labelsOfFiles(
  parts: PlacedMap,
  { envOf }: ServiceSurroundings,
  places: Map<string, Place>,
): Promise<Record<string, string>> {
  const labels = new Map<string, string>();
  for (const element of listOf(parts.get("label_file"), "label_file")) {
    const path = textOf(element);
    if (path === undefined) throw new ComposeMistake(element.at, "label_file names no path, expected one");
    // What it has variables of are the labels before it.
    const entries = await envOf(path, (name) => labels.get(name)).catch((error) => {
      throw new ComposeMistake(element.at, `label_file ${quote(path)} cannot be read: ${messageOf(error)}`);
    });
    for (const { name, line, value } of entries.values()) {
      if (value === undefined) continue;
      labels.set(name, value);
      places.set(`label ${name}`, { file: path, line });
    }
  }
  return Object.fromEntries(labels);
}

/** A variable of the environment, or below that of the last `env_file` that has it. */
async function variableOf(
  name: string,
  parts: PlacedMap,
  { lookup, envOf, wrote }: ServiceSurroundings,
  places: Map<string, Place>,
): Promise<string | undefined> {
  let text: string | undefined;
  for (const element of listOf(parts.get("env_file"), "env_file")) {
    const options = isMap(element.value) ? element.value : new Map([["path", element]]);
    const path = textOf(options.get("path"));
    if (path === undefined) throw new ComposeMistake(element.at, "env_file names no path, expected one");
    const entries = await envOf(path, lookup).catch((error) => {
      if (options.get("required")?.value === false) return new Map<string, EnvEntry>();
      throw new ComposeMistake(element.at, `env_file ${quote(path)} cannot be read: ${messageOf(error)}`);
    });
    const found = entries.get(name);
    if (found === undefined) continue;
    text = found.value;
    places.set(name, { file: path, line: found.line });
  }
  const own = mapOf(parts.get("environment"), "environment").get(name);
  if (own === undefined) return text;
  if (typeof own.value === "object" && own.value !== null) {
    throw new ComposeMistake(own.at, `${name} is no text, expected JSON in quotes`);
  }
  places.set(name, own.at);
  // A name alone stands for what the shell has.
  const ofShell = own.value === null ? lookup(name) : undefined;
  if (ofShell !== undefined) wrote(ofShell, `\${${name}}`);
  return own.value === null ? ofShell : textOf(own);
}

function exposedOf(parts: PlacedMap): readonly string[] {
  return listOf(parts.get("expose"), "expose").map((element) => {
    const text = textOf(element) ?? "";
    const [range = "", protocol = "tcp"] = text.split("/");
    read(
      parseComposePort({ ...element, value: new Map([["target", { ...element, value: range }]]) }),
      element,
      "expose",
    );
    return `${range}/${protocol}`;
  });
}

const portsOf = (parts: PlacedMap): readonly ComposePort[] =>
  listOf(parts.get("ports"), "ports").map((element) => read(parseComposePort(element), element, "ports"));

function read<T>(result: Parsed<T>, element: Placed, what: string): T {
  if (result.ok) return result.value;
  throw new ComposeMistake(element.at, `an element of ${what} cannot be used: expected ${result.expected}`);
}

function networkOf(
  name: string,
  parts: PlacedMap,
  { project, networks: all }: ServiceSurroundings,
): Pick<ComposeService, "networkMode" | "networks"> {
  const mode = textOf(parts.get("network_mode")) ?? "";
  const own = parts.get("networks");
  if (mode !== "") {
    if (own !== undefined && own.value !== null) {
      throw new ComposeMistake(
        own.at,
        `service ${quote(name)} has networks beside network_mode, expected one of them`,
      );
    }
    return { networkMode: mode, networks: /^(?:container|service):/.test(mode) ? [] : [mode] };
  }
  const keys = [...mapOf(own, "networks")];
  if (keys.length === 0) {
    return {
      networkMode: networkName("default", all, project),
      networks: [networkName("default", all, project)],
    };
  }
  const names = keys.map(([key, { at }]) => {
    if (key === "default" || all.has(key)) return networkName(key, all, project);
    throw new ComposeMistake(
      at,
      `network ${quote(key)} is not among the networks of the project, expected it there`,
    );
  });
  return { networkMode: names[0] ?? "", networks: names };
}

/** The name that Docker knows a network by. */
function networkName(key: string, all: PlacedMap, project: string): string {
  const parts = mapOf(all.get(key), `network ${quote(key)}`);
  const external = parts.get("external");
  const named = textOf(parts.get("name")) ??
    (isMap(external?.value) ? textOf(external.value.get("name")) : undefined);
  if (named !== undefined) return named;
  const isExternal = external !== undefined && external.value !== false && external.value !== null;
  return isExternal ? key : `${project}_${key}`;
}
