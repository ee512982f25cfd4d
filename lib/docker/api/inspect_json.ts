import * as v from "valibot";
import { parseContainerId } from "../../core/values/names.ts";
import { expected, type Parsed, parsed, quote } from "../../core/values/notice.ts";

const text = v.optional(v.nullable(v.string(), ""), "");
/** What some engines write as a number and others as a text. */
const scalar = v.optional(v.nullable(v.pipe(v.union([v.string(), v.number()]), v.transform(String)), ""), "");
const flag = v.optional(v.nullable(v.boolean(), false), false);
const record = <T extends v.GenericSchema>(schema: T) =>
  v.optional(v.nullable(v.record(v.string(), schema), {}), {});
const NO_HOST_CONFIG = { NetworkMode: "", PortBindings: {} };
const NO_NETWORK_SETTINGS = { Ports: {}, Networks: {} };

/**
 * What is read of a container as Docker's Engine API gives it, and Podman's in its name (`GET /containers/ID/json`); the
 * rest is ignored.
 */
const InspectSchema = v.object({
  Id: v.string(),
  Name: text,
  Created: text,
  State: v.object({
    Status: text,
    /** Absent where it is not told: some snapshots of old engines say the status alone. */
    Running: v.optional(v.nullable(v.boolean())),
    Paused: flag,
    StartedAt: text,
    Health: v.optional(v.nullable(v.object({ Status: text }))),
  }),
  Config: v.object({
    Hostname: text,
    Domainname: text,
    /** For people who search by it: routing needs none. */
    Image: v.fallback(text, ""),
    Env: v.optional(v.nullable(v.array(v.unknown()), []), []),
    Labels: record(v.nullable(v.union([v.string(), v.number(), v.boolean()]))),
    ExposedPorts: record(v.unknown()),
    StopSignal: scalar,
    StopTimeout: v.optional(v.nullable(v.number())),
    Healthcheck: v.optional(
      v.nullable(v.object({ Test: v.optional(v.nullable(v.array(v.string()), []), []) })),
    ),
  }),
  HostConfig: v.optional(
    v.nullable(v.object({ NetworkMode: text, PortBindings: record(v.unknown()) }), NO_HOST_CONFIG),
    NO_HOST_CONFIG,
  ),
  NetworkSettings: v.optional(
    v.nullable(
      v.object({
        Ports: record(v.nullable(v.array(v.object({ HostIp: text, HostPort: scalar })))),
        Networks: record(v.nullable(v.object({ IPAddress: text, GlobalIPv6Address: text }))),
      }),
      NO_NETWORK_SETTINGS,
    ),
    NO_NETWORK_SETTINGS,
  ),
  /** Written by `signalbox snapshot` where there are several engines, or one without root. */
  SignalboxEngine: v.optional(
    v.object({
      Address: v.string(),
      IsLocal: v.boolean(),
      Name: v.optional(v.string()),
      Rootless: v.optional(v.picklist(["docker", "podman"])),
    }),
  ),
});

/** A container's JSON, each field of the type that routing reads. */
export type Inspect = v.InferOutput<typeof InspectSchema>;

/** A field that cannot be read and is not needed, and what signalbox uses in its place. */
export type Oddity = { readonly isCostly: boolean; readonly message: string };

/** The fields that could be read, and those that could not. */
export type InspectReading = {
  readonly inspect: Inspect;
  /** Why the container cannot be routed: the needed field that cannot be read. */
  readonly flaw: string | undefined;
  readonly oddities: readonly Oddity[];
  /** The time of creation cannot be read. */
  readonly isAgeUnknown: boolean;
};

/** Fields that routing can do without, and the effect of an odd one; `*` is any key. */
const DISPENSABLE: readonly (Oddity & { readonly path: readonly string[] })[] = [
  { path: ["Name"], isCostly: false, message: "signalbox uses its id" },
  { path: ["Created"], isCostly: true, message: "it counts as the youngest container" },
  {
    path: ["State", "StartedAt"],
    isCostly: false,
    message: "signalbox learns of restarts from events alone",
  },
  { path: ["Config", "StopSignal"], isCostly: false, message: "signalbox uses SIGTERM" },
  { path: ["Config", "StopTimeout"], isCostly: false, message: "the engine's default is used" },
  { path: ["Config", "Healthcheck"], isCostly: false, message: "signalbox takes it for absent" },
  { path: ["HostConfig", "PortBindings"], isCostly: false, message: "signalbox takes them for absent" },
  { path: ["NetworkSettings", "Ports", "*"], isCostly: true, message: "the port counts as not published" },
  {
    path: ["NetworkSettings", "Networks", "*"],
    isCostly: true,
    message: "the network counts as not attached",
  },
];

/** Reads a container's JSON. Other JSON is refused, with what would be right. */
export function readInspect(json: unknown): Parsed<InspectReading> {
  const result = v.safeParse(InspectSchema, json, { abortEarly: true });
  if (result.success) {
    return parsed({ inspect: result.output, flaw: undefined, oddities: [], isAgeUnknown: false });
  }
  if (isContainer(json)) return parsed(readOdd(json));
  return expected(`a container as docker inspect prints it (${describe(result.issues[0])})`);
}

type Json = Record<string, unknown>;

const isObject = (json: unknown): json is Json =>
  typeof json === "object" && json !== null && !Array.isArray(json);

/** Whether this is a container's JSON: it has an id, and a field that only containers have. */
function isContainer(json: unknown): json is Json {
  return isObject(json) && typeof json["Id"] === "string" && parseContainerId(json["Id"]).ok &&
    (isObject(json["State"]) || isObject(json["Config"]));
}

/** Reads without the odd fields if none of them is needed; else reads only what identifies the container. */
function readOdd(json: Json): InspectReading {
  let mended = json;
  const oddities: Oddity[] = [];
  let flaw: string | undefined;
  let isAgeUnknown = false;
  const seen = new Set<string>();
  for (const issue of v.safeParse(InspectSchema, json).issues ?? []) {
    const keys = (issue.path ?? []).map(({ key }) => String(key));
    const field = DISPENSABLE.find(({ path }) => path.every((key, at) => key === "*" || key === keys[at]));
    if (field === undefined) {
      flaw ??= describe(issue);
      continue;
    }
    const path = keys.slice(0, field.path.length);
    if (path.length < field.path.length || seen.has(path.join("\n"))) continue;
    seen.add(path.join("\n"));
    mended = cleared(mended, path) as Json;
    isAgeUnknown ||= path[0] === "Created";
    oddities.push({
      isCostly: field.isCostly,
      message: `${describe(issue)} cannot be read: ${field.message}`,
    });
  }
  const result = flaw === undefined ? v.safeParse(InspectSchema, mended) : undefined;
  const inspect = result?.success ? result.output : remainsOf(mended);
  return { inspect, flaw: result?.success ? undefined : flaw ?? "it", oddities, isAgeUnknown };
}

/** The fields that identify a container, and whether it runs. */
function remainsOf({ Id, Name, State }: Json): Inspect {
  const named = { Id, Name: typeof Name === "string" ? Name : "", Config: {} };
  const whole = v.safeParse(InspectSchema, { ...named, State });
  return whole.success ? whole.output : v.parse(InspectSchema, { ...named, State: { Status: "running" } });
}

/** The same JSON with one field that is null. What is not on the way is shared: it may be nested deeper than any copy could go. */
function cleared(json: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined) return null;
  if (Array.isArray(json)) return json.with(Number(key), cleared(json[Number(key)], rest));
  return isObject(json) ? { ...json, [key]: cleared(json[key], rest) } : json;
}

function describe(issue: v.BaseIssue<unknown>): string {
  const path = (issue.path ?? []).map(({ key }) => String(key)).join(".");
  return `${path === "" ? "it" : quote(path).slice(1, -1)}: ${quote(issue.message)}`;
}
