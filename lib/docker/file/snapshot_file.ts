import * as v from "valibot";
import type { LabelPrefix } from "../../core/labels/label_parts.ts";
import { expected, type Parsed, parsed, quote } from "../../core/values/notice.ts";
import {
  type ContainerView,
  type Rootless,
  type Snapshot,
  sortContainers,
} from "../../core/snapshot/snapshot.ts";
import { shownData, shownLabel, shownLabelName } from "../../core/labels/shown_words.ts";
import { OTHER_VARIABLES } from "../../core/labels/other_tools.ts";
import { SwarmJoin } from "../../core/snapshot/join_swarm.ts";
import type { ContainerId } from "../../core/values/names.ts";
import { decodeContainer } from "../api/decode.ts";
import { decodeSwarm } from "./swarm_file.ts";

/** The version of the file that `signalbox snapshot` writes. */
export const SNAPSHOT_VERSION = 1;

const OwnSchema = v.looseObject({ version: v.literal(SNAPSHOT_VERSION), containers: v.array(v.unknown()) });

const EXPECTED =
  'the JSON array that docker inspect prints, or the object with "version": 1 that signalbox snapshot wrote';

/** Reads a snapshot's text. An entry that is no container fails the file; a container with an unreadable field serves nothing. */
export function decodeSnapshot(text: string, prefix?: LabelPrefix): Parsed<Snapshot> {
  const json = parseJson(text);
  if (!json.ok) return json;
  const isPlain = Array.isArray(json.value);
  const list = isPlain ? parsed(json.value as unknown[]) : ownContainers(json.value);
  if (!list.ok) return list;
  const said = decodeSwarm(isPlain ? {} : json.value, prefix);
  if (!said.ok) return said;
  const containers: ContainerView[] = [];
  for (const [index, entry] of list.value.entries()) {
    const container = decodeContainer(entry, prefix);
    if (!container.ok) return expected(`element ${index} to be ${container.expected}`);
    containers.push(container.value);
  }
  const engine = {
    nodeId: undefined,
    // What it lacks, an engine that was not read may have.
    isListening: false,
    containers: new Map(containers.map((container) => [container.id, container])),
    stopping: new Set<ContainerId>(),
  };
  const { containers: all, starting, leaving, stopping, nodes } = new SwarmJoin().join({
    ...said.value,
    engines: [engine],
  });
  return parsed({
    containers: sortContainers(all),
    starting,
    leaving,
    stopping,
    ...nodes.length > 0 && { nodes },
  });
}

const DATA_ENTRY = "INTERLOCK_DATA=";
const ENTRIES = [DATA_ENTRY, ...OTHER_VARIABLES.map((name) => `${name}=`)];

const KEPT_FIELDS = {
  State: ["Status", "Running", "Paused", "StartedAt", "Health"],
  Config: ["Hostname", "Domainname", "Labels", "ExposedPorts", "StopSignal"],
  HostConfig: ["NetworkMode"],
  NetworkSettings: ["Ports", "Networks"],
} as const;

/** What is read of a container's JSON: what routing needs, and the variables that signalbox reads. */
export function reduceContainer(
  json: unknown,
  engine: { Address: string; IsLocal: boolean; Name?: string; Rootless?: Rootless } | undefined,
): unknown {
  const whole = json as Record<string, Record<string, unknown> | undefined>;
  const reduced: Record<string, unknown> = {
    Id: whole["Id"],
    Name: whole["Name"],
    Created: whole["Created"],
  };
  for (const [section, fields] of Object.entries(KEPT_FIELDS)) {
    reduced[section] = Object.fromEntries(fields.map((field) => [field, whole[section]?.[field]]));
  }
  const state = reduced["State"] as { Health: { Status?: unknown } | undefined };
  // The log of a health check holds what the check printed, which may be private.
  state.Health = state.Health && { Status: state.Health.Status };
  const env = whole["Config"]?.["Env"];
  const isRead = (entry: unknown) => ENTRIES.some((start) => String(entry).startsWith(start));
  (reduced["Config"] as Record<string, unknown>)["Env"] = Array.isArray(env) ? env.filter(isRead) : [];
  if (engine !== undefined) reduced["SignalboxEngine"] = engine;
  return reduced;
}

/**
 * A reduced container without its secrets, for a file that is kept and can be committed: who has one gets the users, and not their
 * hashes, and of the environment INTERLOCK_DATA alone.
 */
export function withoutSecrets(reduced: unknown, prefix?: LabelPrefix): unknown {
  const { Config: config, ...rest } = reduced as { readonly Config: Record<string, unknown> };
  const labels = Object.entries(config["Labels"] ?? {}).map(([label, text]) =>
    [
      shownLabelName(label, prefix),
      typeof text === "string" ? shownLabel(label, text, prefix) : text,
    ] as const
  );
  const data = (config["Env"] as readonly unknown[]).map(String).filter((text) => text.startsWith(DATA_ENTRY))
    .map((text) => `${DATA_ENTRY}${shownData(text.slice(DATA_ENTRY.length))}`);
  const shown = {
    ...config,
    ...(config["Labels"] != null && { Labels: Object.fromEntries(labels) }),
    Env: data,
  };
  return { ...rest, Config: shown };
}

/** The text that `signalbox snapshot` writes; the same containers give the same bytes, in whatever order they came. */
export function encodeSnapshot(containers: readonly unknown[], swarm: Record<string, unknown> = {}): string {
  const idOf = (container: unknown) => String((container as { Id?: unknown }).Id);
  const sorted = [...containers].sort((a, b) => idOf(a) < idOf(b) ? -1 : 1);
  return `${JSON.stringify({ version: SNAPSHOT_VERSION, containers: sorted, ...swarm }, undefined, 2)}\n`;
}

function parseJson(text: string): Parsed<unknown> {
  // With no running container, `docker inspect` prints an empty array or nothing.
  if (text.trim() === "") {
    return expected(`${EXPECTED}; it is empty, as docker inspect leaves it where no container runs`);
  }
  try {
    // Editors of Windows put a mark in front.
    return parsed(JSON.parse(text.replace(/^\ufeff/, "")));
  } catch (error) {
    return expected(`${EXPECTED} (${quote(error instanceof Error ? error.message : error)})`);
  }
}

function ownContainers(json: unknown): Parsed<unknown[]> {
  const result = v.safeParse(OwnSchema, json);
  return result.success ? parsed(result.output.containers) : expected(EXPECTED);
}
