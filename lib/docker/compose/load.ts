import { messageOf } from "../../core/values/message_of.ts";
import { quote } from "../../core/values/notice.ts";
import { type EnvEntry, readEnv } from "./env_text.ts";
import { interpolate, type Lookup } from "./interpolate.ts";
import { mergeMaps, mergeServices, normalService, withoutTags } from "./merge.ts";
import {
  ComposeMistake,
  isList,
  isMap,
  listOf,
  mapOf,
  type Place,
  type Placed,
  type PlacedMap,
  textOf,
} from "./placed.ts";
import { readPlaced } from "./placed_yaml.ts";

/** What a project is read from. */
export type ComposeSource = {
  /** At least one; the first one's folder is the project's. */
  readonly files: readonly string[];
  /** In place of `.env` in the project's folder, where there are any. */
  readonly envFiles: readonly string[];
  readonly env: Lookup;
  /** The text of a file. Throws where it cannot be read. */
  readonly read: (path: string) => Promise<string>;
};

/** What the files say together, variables written out. */
export type ComposeModel = {
  readonly name: Placed | undefined;
  readonly services: PlacedMap;
  readonly networks: PlacedMap;
};

/** Something that Compose accepts and that is worth knowing. */
export type Remark = { readonly at: Place; readonly message: string };

/** The file that a service stands in, and the folder that its paths begin at. */
type Whereabouts = {
  readonly root: PlacedMap;
  readonly file: string;
  readonly folder: string;
  readonly lookup: Lookup;
};

/** Files that one project may be made of, those that it extends and includes among them. */
const MOST_FILES = 100;

/** Reads the files of a project, and those that they name. */
export class ComposeLoader {
  readonly remarks: Remark[] = [];
  readonly #texts = new Map<string, Promise<string>>();
  readonly #unset = new Set<string>();

  constructor(readonly source: ComposeSource) {}

  /** The variables of the shell, and below these those of the files. Throws ComposeMistake. */
  async lookupOf(folder: string, envFiles: readonly string[], outer: Lookup): Promise<Lookup> {
    const found = new Map<string, string | undefined>();
    const lookup: Lookup = (name) => outer(name) ?? found.get(name);
    for (const file of envFiles.length > 0 ? envFiles : [joined(folder, ".env")]) {
      const text = await this.read(file).catch((error) => {
        if (envFiles.length === 0) return "";
        throw new ComposeMistake(
          { file, line: 1 },
          `it cannot be read as a file of variables: ${messageOf(error)}`,
        );
      });
      for (const { name, value } of readEnv(text, lookup)) found.set(name, value);
    }
    return lookup;
  }

  /** The variables of an `env_file` of a service. */
  async envOf(path: string, lookup: Lookup): Promise<readonly EnvEntry[]> {
    return readEnv(await this.read(path), lookup);
  }

  /** A file's text, read once. */
  read(path: string): Promise<string> {
    const known = this.#texts.get(path);
    if (known !== undefined) return known;
    if (this.#texts.size >= MOST_FILES) throw new Error(`a project has at most ${MOST_FILES} files`);
    const text = this.source.read(path);
    // Whoever reads it again gets the same failure.
    text.catch(() => {});
    this.#texts.set(path, text);
    return text;
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
      const root = await this.#open(file, lookup);
      const services = new Map<string, Placed>();
      for (const [name, service] of mapOf(root.get("services"), "services")) {
        const here = { root, file, folder, lookup };
        services.set(name, service.tag === "reset" ? service : await this.#extended(name, service, here));
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

  async #open(file: string, lookup: Lookup): Promise<PlacedMap> {
    const text = await this.read(file).catch((error) => {
      throw new ComposeMistake({ file, line: 1 }, `it cannot be read: ${messageOf(error)}`);
    });
    const root = readPlaced(text, file);
    return mapOf(this.#written(root, lookup), "the file");
  }

  /** Writes the variables of all texts out; names of objects stay as they are. */
  #written(placed: Placed, lookup: Lookup): Placed {
    const { value } = placed;
    if (isMap(value)) {
      return {
        ...placed,
        value: new Map([...value].map(([name, each]) => [name, this.#written(each, lookup)])),
      };
    }
    if (isList(value)) return { ...placed, value: value.map((each) => this.#written(each, lookup)) };
    if (typeof value !== "string" || !value.includes("$")) return placed;
    const result = interpolate(value, lookup, (name) => this.#tellUnset(name, placed.at));
    if (result.ok) return { ...placed, value: result.value };
    throw new ComposeMistake(placed.at, `a variable cannot be written out: expected ${result.expected}`);
  }

  #tellUnset(name: string, at: Place): void {
    const key = `${at.file}:${at.line}:${name}`;
    if (this.#unset.has(key)) return;
    this.#unset.add(key);
    this.remarks.push({ at, message: `the variable ${name} is not set: an empty text stands in its place` });
  }

  /** A service over the one that it extends, which may extend another. */
  async #extended(
    name: string,
    service: Placed,
    { root, file, folder, lookup }: Whereabouts,
    way: readonly string[] = [],
  ): Promise<Placed> {
    const own = withPaths(normalService(mapOf(service, `service ${quote(name)}`)), folder);
    const extending = own.get("extends");
    if (extending === undefined || extending.value === null) return { ...service, value: own };
    const here = `${file} ${name}`;
    if (way.includes(here)) throw new ComposeMistake(extending.at, `service ${quote(name)} extends itself`);
    const parts = isMap(extending.value) ? extending.value : new Map([["service", extending]]);
    const wanted = textOf(parts.get("service")) ?? name;
    const named = textOf(parts.get("file"));
    const from = named === undefined ? file : joined(folder, named);
    const there = named === undefined
      ? { root, file, folder, lookup }
      : { root: await this.#open(from, lookup), file: from, folder: folderOf(from), lookup };
    const base = mapOf(there.root.get("services"), "services").get(wanted);
    if (base === undefined) {
      throw new ComposeMistake(
        extending.at,
        `service ${quote(name)} extends ${quote(wanted)}, which is not in ${
          quote(from)
        }, expected a service of it`,
      );
    }
    const before = withoutTags(await this.#extended(wanted, base, there, [...way, here]));
    const merged = new Map(mergeServices(mapOf(before, "a service"), own));
    merged.delete("extends");
    return { ...service, value: merged };
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
      const named = textOf(parts.get("project_directory"));
      const folder = named === undefined ? folderOf(first) : joined(outer, named);
      const envFiles = textsOf(parts.get("env_file")).map((path) => joined(outer, path));
      const own = await this.lookupOf(folder, envFiles, lookup);
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

/** The paths of a service's `env_file`, which are the only ones that are read, as seen from here. */
function withPaths(service: PlacedMap, folder: string): PlacedMap {
  const files = service.get("env_file");
  if (files === undefined || !isList(files.value)) return service;
  const moved = (placed: Placed): Placed => {
    if (isMap(placed.value)) {
      const path = placed.value.get("path");
      return path === undefined
        ? placed
        : { ...placed, value: new Map([...placed.value, ["path", moved(path)]]) };
    }
    const path = textOf(placed);
    return path === undefined ? placed : { ...placed, value: joined(folder, path) };
  };
  return new Map([...service, ["env_file", { ...files, value: files.value.map(moved) }]]);
}

/** The folder of a file, as its path names it. */
export const folderOf = (path: string): string =>
  path.includes("/") ? path.slice(0, path.lastIndexOf("/")) || "/" : ".";

/** A path that a file in a folder names. */
export function joined(folder: string, path: string): string {
  if (path.startsWith("/")) return path;
  const bare = path.replace(/^(?:\.\/)+/, "");
  return folder === "." ? bare : `${folder.replace(/\/$/, "")}/${bare}`;
}
