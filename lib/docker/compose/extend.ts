import { quote } from "../../core/values/notice.ts";
import { type ComposeFiles, folderOf, joined } from "./compose_files.ts";
import type { Lookup } from "./interpolate.ts";
import { mergeServices, normalService, withoutTags } from "./merge.ts";
import { ComposeMistake, isList, isMap, mapOf, type Placed, type PlacedMap, textOf } from "./placed.ts";

/** The file that a service stands in, and the folder that its paths begin at. */
export type Whereabouts = {
  readonly root: PlacedMap;
  readonly file: string;
  readonly folder: string;
  readonly lookup: Lookup;
};

/** Services that one may extend through one another. */
const MOST_EXTENDED = 32;

/** A service over those that it extends: how many these are, and how many values it has with theirs. */
type Extended = { readonly placed: Placed; readonly depth: number; readonly size: number };

/** Services over those that they extend; each is put together once. */
export class Extensions {
  readonly #known = new Map<PlacedMap, Map<string, Extended>>();
  readonly #bare = new Map<Extended, PlacedMap>();

  constructor(readonly files: ComposeFiles) {}

  /** A service over the one that it extends, which may extend another. Throws ComposeMistake. */
  async resolve(
    name: string,
    service: Placed,
    here: Whereabouts,
    way: readonly string[] = [],
  ): Promise<Extended> {
    const inFile = this.#known.get(here.root) ?? new Map<string, Extended>();
    this.#known.set(here.root, inFile);
    const key = `${here.folder}\0${name}`;
    const found = inFile.get(key) ?? await this.#resolveNew(name, service, here, way);
    inFile.set(key, found);
    return found;
  }

  async #resolveNew(
    name: string,
    service: Placed,
    here: Whereabouts,
    way: readonly string[],
  ): Promise<Extended> {
    const own = withPaths(normalService(mapOf(service, `service ${quote(name)}`)), here.folder);
    const extending = own.get("extends");
    if (extending === undefined || extending.value === null) {
      return { placed: { ...service, value: own }, depth: 0, size: sizeOf(own) };
    }
    const turn = `${here.file} ${name}`;
    if (way.includes(turn)) throw new ComposeMistake(extending.at, `service ${quote(name)} extends itself`);
    const base = await this.#baseOf(name, extending, here, [...way, turn]);
    const depth = base.depth + 1;
    if (depth > MOST_EXTENDED) throw tooDeep(name, extending);
    const size = base.size + sizeOf(own);
    this.files.spend(size, extending.at);
    const merged = new Map(mergeServices(this.#bareOf(base), own));
    merged.delete("extends");
    return { placed: { ...service, value: merged }, depth, size };
  }

  async #baseOf(
    name: string,
    extending: Placed,
    { root, file, folder, lookup }: Whereabouts,
    way: readonly string[],
  ): Promise<Extended> {
    if (way.length > MOST_EXTENDED) throw tooDeep(name, extending);
    const parts = isMap(extending.value) ? extending.value : new Map([["service", extending]]);
    const wanted = textOf(parts.get("service")) ?? name;
    const named = textOf(parts.get("file"));
    const from = named === undefined ? file : joined(folder, named);
    const there = named === undefined
      ? { root, file, folder, lookup }
      : { root: await this.files.open(from, lookup), file: from, folder: folderOf(from), lookup };
    const base = mapOf(there.root.get("services"), "services").get(wanted);
    if (base !== undefined) return await this.resolve(wanted, base, there, way);
    throw new ComposeMistake(
      extending.at,
      `service ${quote(name)} extends ${quote(wanted)}, which is not in ${
        quote(from)
      }, expected a service of it`,
    );
  }

  /** Many may extend one. */
  #bareOf(base: Extended): PlacedMap {
    const bare = this.#bare.get(base) ?? mapOf(withoutTags(base.placed), "a service");
    this.#bare.set(base, bare);
    return bare;
  }
}

const tooDeep = (name: string, { at }: Placed): ComposeMistake =>
  new ComposeMistake(
    at,
    `service ${quote(name)} extends more than ${MOST_EXTENDED} services through one another, expected fewer`,
  );

function sizeOf(value: Placed["value"]): number {
  if (typeof value !== "object" || value === null) return 1;
  let size = 1;
  for (const each of value.values()) size += sizeOf((each as Placed).value);
  return size;
}

/** The files that a service names and that are read: their paths begin at the folder of its file. */
const FILES = ["env_file", "label_file"];

/** The paths of a service's files as seen from here. */
function withPaths(service: PlacedMap, folder: string): PlacedMap {
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
  const lists = FILES.flatMap((name) => {
    const files = service.get(name);
    return files !== undefined && isList(files.value)
      ? [[name, { ...files, value: files.value.map(moved) }] as const]
      : [];
  });
  return lists.length === 0 ? service : new Map([...service, ...lists]);
}
