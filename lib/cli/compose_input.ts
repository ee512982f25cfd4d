import type { Settings } from "../core/settings/settings.ts";
import type { ContainerView, Snapshot } from "../core/snapshot/snapshot.ts";
import type { ComposeProject } from "../docker/compose/project.ts";
import { withRoutes } from "../docker/file/routes_source.ts";
import type { Lookup } from "../docker/compose/interpolate.ts";
import { readGiven } from "../haproxy/files/given_file.ts";
import { readRoutesFiles } from "./input.ts";
import { wrongUsage } from "./failure.ts";
import type { Terminal } from "./terminal.ts";

/** The flags that say which files make a project, and which part of it counts. */
export type ComposeOptions = {
  readonly envFile?: readonly string[];
  readonly profile?: readonly string[];
  readonly projectName?: string;
  readonly swarm?: boolean;
};

/** What Compose looks for where nobody names a file, each with the one that may stand beside it. */
const USUAL = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/** Reads the project that files make. Throws Failure with code 2 where there is no file. */
export async function readCompose(
  files: readonly string[],
  options: ComposeOptions,
  terminal: Terminal,
): Promise<ComposeProject> {
  // Few commands need it.
  const { readProject } = await import("../docker/compose/project.ts");
  const env = await variables(terminal);
  const all = files.length > 0 ? files : await usualFiles(env);
  const named = new Set([...all, ...options.envFile ?? []]);
  return await readProject({
    files: all,
    envFiles: options.envFile ?? [],
    profiles: options.profile ?? [],
    projectName: options.projectName,
    isSwarm: options.swarm === true,
    workingFolder: Deno.cwd(),
    env,
    read: (path) => readPart(path, named),
  });
}

/** Bytes of one file. */
const MOST_BYTES = 1_048_576;

/** A file of a project. One that a user names may be a pipe; one that a file names might never end if it were no file. */
async function readPart(path: string, named: ReadonlySet<string>): Promise<string> {
  const isOfShell = /^\/dev\/(?:fd\/\d+|stdin)$/.test(path);
  const found = isOfShell ? undefined : await Deno.stat(path);
  if (!named.has(path) && !found?.isFile) throw new Error("it is no regular file");
  if (found?.isFile && found.size > MOST_BYTES) throw new Error(`it has more than ${MOST_BYTES} bytes`);
  return await readGiven(path, named.has(path) ? "file or pipe" : "file");
}

/** All variables of the shell, which a compose file may name; the program itself may read only its own. */
async function variables({ env }: Terminal): Promise<Lookup> {
  const known = new Map<string, string>();
  const output = await new Deno.Command("env", { args: ["-0"], stdin: "null", stderr: "null" }).output()
    .catch(() => undefined);
  for (const entry of new TextDecoder().decode(output?.stdout).split("\0")) {
    const sign = entry.indexOf("=");
    if (sign > 0) known.set(entry.slice(0, sign), entry.slice(sign + 1));
  }
  return (name) => known.get(name) ?? readable(name, env);
}

function readable(name: string, env: Terminal["env"]): string | undefined {
  try {
    return env(name);
  } catch {
    return undefined;
  }
}

async function usualFiles(env: Lookup): Promise<readonly string[]> {
  const named = env("COMPOSE_FILE") ?? "";
  if (named !== "") return named.split(env("COMPOSE_PATH_SEPARATOR") || ":");
  const isThere = (path: string) => Deno.stat(path).then(({ isFile }) => isFile, () => false);
  for (const file of USUAL) {
    if (!await isThere(file)) continue;
    const [, stem = "", ending = ""] = /^(.*)(\.ya?ml)$/.exec(file) ?? [];
    const beside = [".yml", ".yaml"].map((other) => `${stem}.override${other}`);
    const override = await isThere(beside[ending === ".yml" ? 0 : 1] ?? "")
      ? beside[ending === ".yml" ? 0 : 1]
      : undefined;
    return override === undefined ? [file] : [file, override];
  }
  throw wrongUsage(
    `there is no ${USUAL.join(", ")} here: expected a file, as in signalbox check compose.yaml`,
  );
}

/** Nothing is looked up: a file is read without Docker and without a network. */
export const withoutEngine = (settings: Settings): Settings => ({
  ...settings,
  dockerHosts: ["unix:///var/run/docker.sock"],
  dockerHostsFile: undefined,
});

/** Containers that are to be made, with the routes of `--routes`. Throws Failure with code 2. */
export async function snapshotOf(
  containers: readonly ContainerView[],
  settings: Settings,
): Promise<Snapshot> {
  const snapshot = { containers, stopping: new Set<never>(), starting: new Set<never>() };
  return withRoutes(snapshot, await readRoutesFiles(settings));
}

/** Containers that files would make, and how a text about them may be shown: without what variables hold. */
export type Planned = {
  readonly byName: Snapshot;
  readonly byNumber: Snapshot;
  readonly hide: ComposeProject["hide"];
};

/**
 * What files would make of the containers, their services reached by name, and by numbers in place of these. Throws Failure
 * with code 2 for the first mistake.
 */
export async function plannedBy(
  files: readonly string[],
  options: ComposeOptions,
  settings: Settings,
  terminal: Terminal,
): Promise<Planned> {
  if (settings.snapshot !== undefined) {
    throw wrongUsage("--compose stands beside --snapshot, expected one of them");
  }
  const project = await readCompose(files, options, terminal);
  const [mistake] = project.mistakes;
  if (mistake !== undefined) {
    throw wrongUsage(`cannot use --compose: ${mistake.at.file}:${mistake.at.line}: ${mistake.message}`);
  }
  const { viewsOf } = await import("../docker/compose/compose_views.ts");
  const views = (addresses: "names" | "numbers") => viewsOf(project, addresses, settings.labelPrefix).views;
  return {
    byName: await snapshotOf(views("names"), settings),
    byNumber: await snapshotOf(views("numbers"), settings),
    hide: project.hide,
  };
}
