/** A folder of tests/changes as data: what Docker says step by step, and what HAProxy is to be told at each. */
import assert from "node:assert/strict";
import { prepareRouting, type Routing } from "../../lib/cli/routing.ts";
import { settingsOf } from "../../lib/cli/settings.ts";
import type { ServerName } from "../../lib/core/values/names.ts";
import type { Plan } from "../../lib/core/plan/plan.ts";
import { reloadReasonText } from "../../lib/core/plan/reload_reason.ts";
import type { Desired } from "../../lib/core/config/render.ts";
import { runtimeCommands, type ServerState } from "../../lib/core/runtime/operation.ts";
import { viewOfListed } from "../../lib/core/snapshot/listed_view.ts";
import { decodeSnapshot } from "../../lib/docker/file/snapshot_file.ts";

const HERE = new URL(".", import.meta.url);

/** What a snapshot does not say; containers by Docker's name for them. */
export type Note = {
  /** They do not answer yet. */
  readonly not_ready?: readonly string[];
  /** They were told to stop, and still run. */
  readonly stopping?: readonly string[];
  readonly starting?: readonly string[];
  /** By id: requests are under way to them, so that HAProxy refuses to delete their servers. */
  readonly busy?: readonly string[];
  /** Routes of a file, by name: they are no containers. */
  readonly routes?: Readonly<Record<string, unknown>>;
  /** HAProxy refuses these commands, for the reason that stands here: in truth it is reloaded. */
  readonly refused?: string;
};

/** One step: a snapshot and its note. */
export type Step = { readonly name: string; readonly snapshot: string; readonly note: Note };

/** A folder. */
export type Situation = {
  readonly sentence: string;
  readonly folder: URL;
  readonly steps: readonly Step[];
  /** Flags, by name without the dashes; CERTIFICATE stands for a file with a certificate. */
  readonly settings: Readonly<Record<string, string>>;
  /** False where HAProxy is older than 2.6. */
  readonly canAddServers: boolean;
};

/** What is wanted at a step. */
export type Wanted = { readonly desired: Desired; readonly states: ReadonlyMap<ServerName, ServerState> };

/** Reads every folder, sorted by name. */
export function readSituations(): Situation[] {
  const names = [...Deno.readDirSync(HERE)].filter((entry) => entry.isDirectory).map(({ name }) => name);
  return names.sort().map(readSituation);
}

function readSituation(name: string): Situation {
  const folder = new URL(`${name}/`, HERE);
  const files = new Set([...Deno.readDirSync(folder)].map((entry) => entry.name));
  const { settings = {}, can_add_servers = true, ...notes } = files.has("state.json")
    ? JSON.parse(Deno.readTextFileSync(new URL("state.json", folder)))
    : {};
  const steps = ["before", "after", ...Array.from({ length: 9 }, (_, at) => `step${at + 1}`)]
    .filter((step) => files.has(`${step}.json`));
  const strangers = Object.keys(notes).filter((step) => !steps.includes(step));
  assert.deepEqual(strangers, [], `state.json of ${name} speaks of steps that are not there`);
  assert.ok(steps.length > 1, `${name} needs before.json and after.json, or step1.json and step2.json`);
  return {
    sentence: name.replaceAll("_", " "),
    folder,
    settings,
    canAddServers: can_add_servers,
    steps: steps.map((step) => ({
      name: step,
      snapshot: Deno.readTextFileSync(new URL(`${step}.json`, folder)),
      note: notes[step] ?? {},
    })),
  };
}

/** The pure half of the flow with settings, as `run` has it; a flag that is repeated has a value a line. */
export async function openRouting(settings: Readonly<Record<string, string>>): Promise<Routing> {
  const camel = (flag: string) => flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const options = Object.entries(settings).map((
    [flag, value],
  ) => [camel(flag), value === "" ? true : value.split("\n")]);
  return await prepareRouting(settingsOf(Object.fromEntries(options), {
    env: () => undefined,
    out: () => Promise.resolve(),
    err: () => undefined,
    isErrTerminal: false,
    isOutTerminal: false,
    stdin: () => Promise.resolve(""),
  }));
}

/** What is wanted of HAProxy when Docker says this. */
export function want(routing: Routing, snapshot: string, note: Note): Wanted {
  const decoded = decodeSnapshot(snapshot);
  assert.ok(decoded.ok, decoded.ok ? "" : decoded.expected);
  const listed = Object.entries(note.routes ?? {}).map(([name, entry], turn) =>
    viewOfListed({ name, fileName: "routes.yaml", turn, place: "routes.yaml, line 1", entry })
  );
  const containers = [...listed, ...decoded.value.containers];
  const named = (names: readonly string[] = []) =>
    new Set(
      containers.filter((container) => names.includes(container.name)).map((container) => container.id),
    );
  const waiting = named(note.not_ready);
  const { design } = routing;
  const { nodes = [] } = decoded.value;
  const said = { containers, stopping: named(note.stopping), starting: named(note.starting), nodes };
  const desired = design.render(design.build(said).model);
  const servers = desired.model.backends.flatMap((backend) => backend.servers);
  const states = servers.map((server) =>
    [server.name, server.gate === "open" && !waiting.has(server.containerId) ? "ready" : "maint"] as const
  );
  return { desired, states: new Map(states) };
}

/** A plan as it stands in plan.txt. */
export function planText(plan: Plan): string {
  switch (plan.kind) {
    case "reload":
      return [
        ...plan.reasons.map((reason) => `reload: ${reloadReasonText(reason)}\n`),
        ...plan.meanwhile.flatMap(runtimeCommands).map((line) => `meanwhile: ${line}\n`),
      ].join("");
    case "runtime":
      return plan.operations.flatMap(runtimeCommands).map((line) => `${line}\n`).join("");
    default:
      return `${plan.kind}\n`;
  }
}
