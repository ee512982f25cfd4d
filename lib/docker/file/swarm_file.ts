import * as v from "valibot";
import type { LabelPrefix } from "../../core/labels/label_parts.ts";
import { shownData, shownLabel, shownLabelName } from "../../core/labels/shown_words.ts";
import type { OwnPlace, Swarm } from "../../core/snapshot/swarm.ts";
import { parseIp } from "../../core/values/names.ts";
import { formatNetwork, parseNetwork } from "../../core/values/network.ts";
import { expected, type Parsed, parsed } from "../../core/values/notice.ts";
import { decodeNode, decodeService, decodeTask, peerLabel } from "../api/decode_swarm.ts";

/** A Swarm's JSON as its managers gave it, and the place that it was seen from. */
export type SwarmJson = {
  readonly services: readonly unknown[];
  readonly tasks: readonly unknown[];
  readonly nodes: readonly unknown[];
  readonly place: OwnPlace;
};

const list = v.optional(v.nullable(v.array(v.unknown()), []), []);
const FileSchema = v.object({
  services: list,
  tasks: list,
  nodes: list,
  place: v.optional(
    v.object({
      nodes: v.optional(v.array(v.string()), []),
      networks: v.optional(v.array(v.string()), []),
      bridge: v.optional(v.record(v.string(), v.string()), {}),
    }),
    {},
  ),
});

/** Reads the parts of a snapshot file that are about a Swarm; nothing of it where the file has none. */
export function decodeSwarm(
  json: unknown,
  prefix?: LabelPrefix,
): Parsed<{ readonly swarm: Swarm; readonly place: OwnPlace }> {
  const { success, output } = v.safeParse(FileSchema, json);
  if (!success) return expected("services, tasks and nodes to be lists, and place to be an object");
  const services = decodeAll(output.services, "services", (each) => decodeService(each, prefix));
  if (!services.ok) return services;
  const tasks = decodeAll(output.tasks, "tasks", (each) => decodeTask(each, prefix));
  if (!tasks.ok) return tasks;
  const nodes = decodeAll(output.nodes, "nodes", (each) => decodeNode(each, prefix));
  if (!nodes.ok) return nodes;
  const { place } = output;
  return parsed({
    swarm: { services: services.value, tasks: tasks.value, nodes: nodes.value },
    place: {
      nodeIds: new Set(place.nodes),
      networks: place.networks.flatMap((each) => valueOf(parseNetwork(each))),
      bridge: new Map(
        Object.entries(place.bridge).flatMap(([id, address]) =>
          valueOf(parseIp(address)).map((ip) => [id, ip] as const)
        ),
      ),
    },
  });
}

const valueOf = <T>(result: Parsed<T>): T[] => result.ok ? [result.value] : [];

function decodeAll<T>(
  all: readonly unknown[],
  name: string,
  decode: (json: unknown) => T | undefined,
): Parsed<readonly T[]> {
  const decoded: T[] = [];
  for (const [index, json] of all.entries()) {
    const one = decode(json);
    if (one === undefined) {
      return expected(`element ${index} of ${name} to be what docker inspect prints of one`);
    }
    decoded.push(one);
  }
  return parsed(decoded);
}

/** Which fields a snapshot keeps: of an object these alone, of a list the same of each element, and where it ends all. */
type Kept = { readonly [field: string]: Kept | true };

const PORTS = { Protocol: true, TargetPort: true, PublishedPort: true, PublishMode: true } as const;
const TASK_SPEC: Kept = {
  ContainerSpec: {
    Image: true,
    Labels: true,
    Env: true,
    Hostname: true,
    StopSignal: true,
    StopGracePeriod: true,
  },
  ForceUpdate: true,
};
const SERVICE: Kept = {
  ID: true,
  CreatedAt: true,
  Spec: { Name: true, Labels: true, TaskTemplate: TASK_SPEC, EndpointSpec: { Mode: true, Ports: PORTS } },
  Endpoint: { Ports: PORTS, VirtualIPs: true },
};
const TASK: Kept = {
  ID: true,
  CreatedAt: true,
  ServiceID: true,
  NodeID: true,
  Slot: true,
  DesiredState: true,
  Spec: TASK_SPEC,
  Status: { State: true, ContainerStatus: { ContainerID: true }, PortStatus: { Ports: PORTS } },
  NetworksAttachments: { Network: { ID: true, Spec: { Name: true, Ingress: true } }, Addresses: true },
};
const nodeOf = (prefix: LabelPrefix | undefined): Kept => ({
  ID: true,
  Spec: { Role: true, Labels: { [peerLabel(prefix)]: true } },
  Description: { Hostname: true },
  Status: { State: true, Addr: true },
  ManagerStatus: { Addr: true },
});

/** What a snapshot has of a Swarm: what routing needs, and of the environments INTERLOCK_DATA alone. */
export function reduceSwarm(
  { services, tasks, nodes, place }: SwarmJson,
  prefix: LabelPrefix | undefined,
  areSecretsKept: boolean,
): Record<string, unknown> {
  const words = (json: unknown) => cleanWords(json, prefix, areSecretsKept);
  const reduce = (all: readonly unknown[], kept: Kept) => all.map((each) => words(reduced(each, kept)));
  return {
    services: sorted(reduce(services, SERVICE)),
    tasks: sorted(reduce(tasks, TASK)),
    nodes: sorted(reduce(nodes, nodeOf(prefix))),
    place: {
      nodes: [...place.nodeIds].sort(),
      networks: place.networks.map(formatNetwork).sort(),
      bridge: Object.fromEntries([...place.bridge].sort(([a], [b]) => a < b ? -1 : 1)),
    },
  };
}

const sorted = (all: readonly unknown[]): unknown[] => {
  const idOf = (json: unknown) => String((json as { ID?: unknown } | undefined)?.ID);
  return [...all].sort((a, b) => idOf(a) < idOf(b) ? -1 : 1);
};

function reduced(json: unknown, kept: Kept | true): unknown {
  if (kept === true || typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return json.map((each) => reduced(each, kept));
  const fields = Object.entries(json).filter(([field]) => Object.hasOwn(kept, field));
  return Object.fromEntries(fields.map(([field, value]) => [field, reduced(value, kept[field] ?? true)]));
}

const DATA_ENTRY = "INTERLOCK_DATA=";

/** Labels and environments, wherever they stand. */
function cleanWords(json: unknown, prefix: LabelPrefix | undefined, areSecretsKept: boolean): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return json.map((each) => cleanWords(each, prefix, areSecretsKept));
  const clean = ([field, value]: [string, unknown]): [string, unknown] => {
    if (field === "Env" && Array.isArray(value)) {
      const data = value.map(String).filter((entry) => entry.startsWith(DATA_ENTRY));
      const shown = (entry: string) => `${DATA_ENTRY}${shownData(entry.slice(DATA_ENTRY.length))}`;
      return [field, areSecretsKept ? data : data.map(shown)];
    }
    if (field === "Labels" && !areSecretsKept) {
      const labels = Object.entries(value ?? {}).map(([label, text]) =>
        [
          shownLabelName(label, prefix),
          typeof text === "string" ? shownLabel(label, text, prefix) : text,
        ] as const
      );
      return [field, Object.fromEntries(labels)];
    }
    return [field, cleanWords(value, prefix, areSecretsKept)];
  };
  return Object.fromEntries(Object.entries(json).map(clean));
}
