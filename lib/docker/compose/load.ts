import { quote } from "../../core/values/notice.ts";
import { ComposeFiles, type ComposeSource, folderOf, joined, MOST_FILES } from "./compose_files.ts";
import { Extensions, type Whereabouts } from "./extend.ts";
import type { Lookup } from "./interpolate.ts";
import { mergeMaps, mergeServices } from "./merge.ts";
import {
  ComposeMistake,
  isList,
  isMap,
  listOf,
  mapOf,
  type Placed,
  type PlacedMap,
  textOf,
} from "./placed.ts";

/** What the files say together, variables written out. */
export type ComposeModel = {
  readonly name: Placed | undefined;
  readonly services: PlacedMap;
  readonly networks: PlacedMap;
};

/** Files that include one another. */
const DEEPEST_INCLUDE = 16;

/** Reads the files of a project, and those that they name. */
export class ComposeLoader {
  readonly files: ComposeFiles;
  readonly #extensions: Extensions;
  #left = MOST_FILES;

  constructor(source: ComposeSource) {
    this.files = new ComposeFiles(source);
    this.#extensions = new Extensions(this.files);
  }

  /** What several files say, each merged into those before it. Throws ComposeMistake. */
  async load(
    files: readonly string[],
    folder: string,
    lookup: Lookup,
    way: readonly string[] = [],
  ): Promise<ComposeModel> {
    let model: ComposeModel = { name: undefined, services: new Map(), networks: new Map() };
    for (const file of files) {
      if (this.#left-- <= 0) {
        throw new ComposeMistake(
          { file, line: 1 },
          `it is one of more than ${MOST_FILES} files, expected fewer`,
        );
      }
      const root = await this.files.open(file, lookup);
      const services = new Map<string, Placed>();
      for (const [name, service] of mapOf(root.get("services"), "services")) {
        const here = { root, file, folder, lookup };
        const isReset = service.tag === "reset";
        services.set(
          name,
          isReset ? service : (await this.#extensions.resolve(name, service, here)).placed,
        );
      }
      model = {
        name: root.get("name") ?? model.name,
        services: mergeAll(model.services, services),
        networks: mergeMaps(model.networks, mapOf(root.get("networks"), "networks"), "networks"),
      };
      model = await this.#included(model, { root, file, folder, lookup }, way);
    }
    return model;
  }

  /** The services of files that a file includes, each with variables and a folder of its own (compose-spec, include). */
  async #included(
    model: ComposeModel,
    { root, file, folder: outer, lookup }: Whereabouts,
    way: readonly string[],
  ): Promise<ComposeModel> {
    let all = model;
    for (const entry of listOf(root.get("include"), "include")) {
      const parts = isMap(entry.value) ? entry.value : new Map([["path", entry]]);
      const paths = textsOf(parts.get("path")).map((path) => joined(outer, path));
      const [first] = paths;
      if (first === undefined) {
        throw new ComposeMistake(entry.at, "it includes no path, expected the path of a file");
      }
      if (way.includes(first) || first === file) {
        throw new ComposeMistake(entry.at, `${first} includes itself`);
      }
      if (way.length >= DEEPEST_INCLUDE) {
        throw new ComposeMistake(
          entry.at,
          `files include one another more than ${DEEPEST_INCLUDE} deep, expected less`,
        );
      }
      const named = textOf(parts.get("project_directory"));
      const folder = named === undefined ? folderOf(first) : joined(outer, named);
      const envFiles = textsOf(parts.get("env_file")).map((path) => joined(outer, path));
      const own = await this.files.lookupOf(folder, envFiles, lookup);
      const found = await this.load(paths, folder, own, [...way, file]);
      for (const name of found.services.keys()) {
        if (all.services.has(name)) {
          throw new ComposeMistake(
            entry.at,
            `${first} has a service ${quote(name)}, as this project has already`,
          );
        }
      }
      all = {
        ...all,
        services: new Map([...all.services, ...found.services]),
        networks: mergeMaps(found.networks, all.networks, "networks"),
      };
    }
    return all;
  }
}

function mergeAll(before: PlacedMap, services: PlacedMap): PlacedMap {
  const merged = new Map(before);
  for (const [name, service] of services) {
    const base = merged.get(name);
    if (service.tag === "reset") merged.delete(name);
    else if (base === undefined || service.tag === "override") merged.set(name, service);
    else {
      const value = mergeServices(mapOf(base, "a service"), mapOf(service, "a service"));
      merged.set(name, { at: base.at, value });
    }
  }
  return merged;
}

const textsOf = (placed: Placed | undefined): readonly string[] => {
  const all = isList(placed?.value) ? placed.value : [placed];
  return all.flatMap((each) => textOf(each) ?? []);
};
