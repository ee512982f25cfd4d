import { messageOf } from "../../core/values/message_of.ts";
import { type EnvEntry, readEnv } from "./env_text.ts";
import { interpolate, type Lookup } from "./interpolate.ts";
import { ComposeMistake, isList, isMap, mapOf, type Place, type Placed, type PlacedMap } from "./placed.ts";
import { readPlaced } from "./placed_yaml.ts";
import { WrittenValues } from "./written_values.ts";

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

/** Something that Compose accepts and that is worth knowing. */
export type Remark = { readonly at: Place; readonly message: string };

/** Files that one project may be made of, those that it extends, includes and has variables of among them. */
export const MOST_FILES = 64;
/** Files that are looked for, such as a `.env` that is not there. */
const MOST_TRIED = 256;
/** Characters of all files, and of all texts once their variables are written out. */
const MOST_CHARACTERS = 4_194_304;
/** Values of all files as they are used: a file counts for each set of variables, a service for each one that extends it. */
const MOST_VALUES = 1_000_000;

/** The files of a project: each is read once, and written out once for each set of variables. */
export class ComposeFiles {
  readonly remarks: Remark[] = [];
  readonly values = new WrittenValues();
  readonly #texts = new Map<string, Promise<string>>();
  readonly #parsed = new Map<string, Placed>();
  readonly #opened = new Map<Lookup, Map<string, PlacedMap>>();
  readonly #variables = new Map<Lookup, Map<string, ReadonlyMap<string, EnvEntry>>>();
  readonly #unset = new Set<string>();
  readonly #left = {
    files: MOST_FILES,
    characters: MOST_CHARACTERS,
    written: MOST_CHARACTERS,
    values: MOST_VALUES,
  };

  constructor(readonly source: ComposeSource) {}

  /** The variables of the shell, and below these those of the files. Throws ComposeMistake. */
  async lookupOf(folder: string, envFiles: readonly string[], outer: Lookup): Promise<Lookup> {
    const found = new Map<string, string | undefined>();
    const lookup: Lookup = (name) => outer(name) ?? found.get(name);
    for (const file of envFiles.length > 0 ? envFiles : [joined(folder, ".env")]) {
      try {
        for (const { name, value } of readEnv(await this.#read(file), lookup).values()) {
          found.set(name, value);
        }
      } catch (error) {
        if (envFiles.length === 0) continue;
        const message = `it cannot be read as a file of variables: ${messageOf(error)}`;
        throw new ComposeMistake({ file, line: 1 }, message);
      }
    }
    return lookup;
  }

  /** The variables of an `env_file` of a service, by name. Throws where it cannot be read. */
  async envOf(path: string, lookup: Lookup): Promise<ReadonlyMap<string, EnvEntry>> {
    const known = ofFirst(this.#variables, lookup);
    const found = known.get(path) ??
      readEnv(await this.#read(path), lookup, this.values.add.bind(this.values));
    known.set(path, found);
    return found;
  }

  /** What a compose file says, its variables written out. Throws ComposeMistake. */
  async open(file: string, lookup: Lookup): Promise<PlacedMap> {
    const opened = ofFirst(this.#opened, lookup);
    const root = opened.get(file) ?? mapOf(this.#written(await this.#parse(file), lookup), "the file");
    opened.set(file, root);
    return root;
  }

  /** Counts values that are used once more. Throws ComposeMistake where these are too many. */
  spend(values: number, at: Place): void {
    this.#left.values -= values;
    if (this.#left.values >= 0) return;
    throw new ComposeMistake(at, `the files say more than ${MOST_VALUES} values in all, expected fewer`);
  }

  async #parse(file: string): Promise<Placed> {
    const known = this.#parsed.get(file);
    if (known !== undefined) return known;
    const text = await this.#read(file).catch((error) => {
      throw new ComposeMistake({ file, line: 1 }, `it cannot be read: ${messageOf(error)}`);
    });
    this.values.addText(text);
    const root = readPlaced(text, file);
    this.#parsed.set(file, root);
    return root;
  }

  #read(path: string): Promise<string> {
    const known = this.#texts.get(path);
    if (known !== undefined) return known;
    const text = this.#texts.size < MOST_TRIED ? this.#readNew(path) : Promise.reject(new Error(TOO_MANY));
    // Whoever reads it again gets the same failure.
    text.catch(() => {});
    if (this.#texts.size < MOST_TRIED) this.#texts.set(path, text);
    return text;
  }

  async #readNew(path: string): Promise<string> {
    const text = await this.source.read(path);
    if (this.#left.files-- <= 0) throw new Error(TOO_MANY);
    this.#left.characters -= text.length;
    if (this.#left.characters >= 0) return text;
    throw new Error(`the files of a project have at most ${MOST_CHARACTERS} characters in all`);
  }

  /** Writes the variables of all texts out; names of objects stay as they are. */
  #written(placed: Placed, lookup: Lookup): Placed {
    const { value } = placed;
    this.spend(1, placed.at);
    if (isMap(value)) {
      const all = [...value].map(([name, each]) => [name, this.#written(each, lookup)] as const);
      return { ...placed, value: new Map(all) };
    }
    if (isList(value)) return { ...placed, value: value.map((each) => this.#written(each, lookup)) };
    if (typeof value !== "string" || !value.includes("$")) return placed;
    const result = interpolate(value, lookup, {
      unset: (name) => this.#tellUnset(name, placed.at),
      wrote: this.values.add.bind(this.values),
    });
    if (!result.ok) {
      throw new ComposeMistake(placed.at, `a variable cannot be written out: expected ${result.expected}`);
    }
    this.#left.written -= result.value.length;
    if (this.#left.written >= 0) return { ...placed, value: result.value };
    throw new ComposeMistake(
      placed.at,
      `the texts have more than ${MOST_CHARACTERS} characters with their variables, expected fewer`,
    );
  }

  #tellUnset(name: string, at: Place): void {
    const key = `${at.file}:${at.line}:${name}`;
    if (this.#unset.has(key)) return;
    this.#unset.add(key);
    this.remarks.push({ at, message: `the variable ${name} is not set: an empty text stands in its place` });
  }
}

const TOO_MANY = `a project has at most ${MOST_FILES} files`;

function ofFirst<K, V>(all: Map<K, Map<string, V>>, key: K): Map<string, V> {
  const found = all.get(key) ?? new Map<string, V>();
  all.set(key, found);
  return found;
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
