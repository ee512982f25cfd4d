import { quote } from "../../core/values/notice.ts";
import { type ComposeService, readService } from "./service.ts";
import { type ComposeSource, folderOf, type Remark } from "./compose_files.ts";
import { ComposeLoader } from "./load.ts";
import { ComposeMistake, isList, mapOf, type Place, type Placed, type PlacedMap, textOf } from "./placed.ts";

/** Which part of the files counts, beside what they say. */
export type ComposeWish = ComposeSource & {
  readonly profiles: readonly string[];
  /** The files are a stack for a Swarm (`docker stack deploy`). */
  readonly isSwarm?: boolean;
  /** The name of the project, where the user names one. */
  readonly projectName: string | undefined;
  /** The folder that a path without a folder begins at. */
  readonly workingFolder: string;
};

/** A project with the services that would run, in the order of the files. */
export type ComposeProject = {
  readonly name: string;
  readonly services: readonly ComposeService[];
  readonly remarks: readonly Remark[];
  /** What Compose would refuse; the services are then not all that there are. */
  readonly mistakes: readonly { readonly at: Place; readonly message: string }[];
  /** A text as it may be shown: with the texts of the files in place of what their variables hold. */
  readonly hide: (text: string) => string;
};

/** Services of a project, and containers that are looked at beside the first one of each. */
const MOST_SERVICES = 2_000;
const MOST_FURTHER = 1_000;

/** Reads a project as `docker compose config` does, as far as routing is concerned. Never throws on what the files say. */
export async function readProject(wish: ComposeWish): Promise<ComposeProject> {
  const loader = new ComposeLoader(wish);
  const { files } = loader;
  const services: ComposeService[] = [];
  const mistakes: { at: Place; message: string }[] = [];
  const note = (error: unknown) => {
    if (!(error instanceof ComposeMistake)) throw error;
    mistakes.push({ at: error.at, message: error.message });
  };
  let name = "";
  try {
    const [first = "compose.yaml"] = wish.files;
    const folder = folderOf(first);
    const lookup = await files.lookupOf(folder, wish.envFiles, wish.env);
    const model = await loader.load(wish.files, folder, lookup);
    const called = wish.projectName ?? lookup("COMPOSE_PROJECT_NAME") ?? textOf(model.name);
    name = normalName(called ?? baseName(folder === "." ? wish.workingFolder : folder));
    const profiles = new Set([
      ...wish.profiles,
      ...(lookup("COMPOSE_PROFILES") ?? "").split(",").filter((each) => each !== ""),
    ]);
    if (model.services.size === 0) {
      throw new ComposeMistake(
        { file: first, line: 1 },
        "it has no services, expected them by name under services",
      );
    }
    for (const [key, placed] of [...model.services].slice(0, MOST_SERVICES)) {
      try {
        const parts = mapOf(placed, `service ${quote(key)}`);
        requireShared(parts, model.services);
        if (!isWanted(parts.get("profiles"), profiles)) continue;
        const around = {
          project: name,
          networks: model.networks,
          lookup,
          isSwarm: wish.isSwarm === true,
          envOf: files.envOf.bind(files),
          wrote: files.values.add.bind(files.values),
        };
        services.push(withinBounds(await readService(key, placed.at, parts, around), services));
      } catch (error) {
        note(error);
      }
    }
  } catch (error) {
    note(error);
  }
  const { hide } = files.values;
  const shown = ({ at, message }: Remark): Remark => ({
    at: { ...at, file: hide(at.file) },
    message: hide(message),
  });
  return { name, services, remarks: files.remarks.map(shown), mistakes: mistakes.map(shown), hide };
}

/** Containers of a service serve alike: where all services have too many, the last ones are looked at less. */
function withinBounds(service: ComposeService, before: readonly ComposeService[]): ComposeService {
  const used = before.reduce((sum, { containers }) => sum + Math.max(0, containers.length - 1), 0);
  return { ...service, containers: service.containers.slice(0, 1 + MOST_FURTHER - used) };
}

/** A service of no profile always runs (compose-spec, profiles). */
function isWanted(own: Placed | undefined, profiles: ReadonlySet<string>): boolean {
  if (!isList(own?.value) || own.value.length === 0 || profiles.has("*")) return true;
  return own.value.some((each) => profiles.has(textOf(each) ?? ""));
}

/** Throws ComposeMistake for a service that uses the network of one that is not there. */
function requireShared(parts: PlacedMap, services: PlacedMap): void {
  const mode = parts.get("network_mode");
  const [, name] = /^service:(.*)$/.exec(textOf(mode) ?? "") ?? [];
  if (mode === undefined || name === undefined || services.has(name)) return;
  throw new ComposeMistake(
    mode.at,
    `network_mode names the service ${quote(name)}, which is not there, expected one of the project`,
  );
}

const baseName = (folder: string): string => folder.replace(/\/+$/, "").split("/").at(-1) ?? "";

/** The name as Compose makes it of a folder's (compose-spec, name): `default` where nothing is left. */
const normalName = (text: string): string =>
  text.toLowerCase().replace(/[^a-z0-9_-]/g, "").replace(/^[_-]+/, "").slice(0, 63) || "default";
