import { isAlias, isMap, isScalar, isSeq, type LineCounter, type Scalar as Node } from "yaml";
import { quote } from "../../core/values/notice.ts";
import { withoutSecrets } from "../../core/values/secret_text.ts";
import { openYaml } from "../file/yaml.ts";
import { ComposeMistake, type Place, type Placed, type Scalar } from "./placed.ts";

/** Bounds on one file: characters of it, and values in it when all its aliases are written out. */
const LONGEST_FILE = 1_048_576;
const MOST_VALUES = 200_000;
/** Lists and objects within one another, with those that aliases stand for. */
const DEEPEST = 64;

const TAGS: Readonly<Record<string, Placed["tag"]>> = { "!reset": "reset", "!override": "override" };

/** Reads a compose file with the place of each value, its anchors and merges written out. Throws ComposeMistake. */
export function readPlaced(text: string, file: string): Placed {
  const whole: Place = { file, line: 1 };
  if (text.length > LONGEST_FILE) {
    throw new ComposeMistake(whole, `it has more than ${LONGEST_FILE} characters, expected fewer`);
  }
  try {
    const opened = openYaml(text);
    if (!opened.ok) {
      throw new ComposeMistake(
        { file, line: opened.line ?? 1 },
        `it is no YAML: ${withoutSecrets(opened.what)}`,
      );
    }
    return new Reader(opened.lines, file).read(opened.document.contents, whole);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ComposeMistake(whole, "its brackets are nested too deeply");
  }
}

class Reader {
  #left = MOST_VALUES;
  #depth = 0;
  /** The last node of each anchor so far: the package would look through all of the file for each alias. */
  readonly #anchors = new Map<string, unknown>();
  /** The anchors that are being written out: one within itself would never end. */
  readonly #open = new Set<unknown>();

  constructor(readonly lines: LineCounter, readonly file: string) {}

  read(node: unknown, at: Place): Placed {
    if (this.#left-- <= 0) {
      throw new ComposeMistake(at, `it says more than ${MOST_VALUES} values, expected fewer`);
    }
    if (this.#depth >= DEEPEST) {
      throw new ComposeMistake(at, `it is nested too deeply, expected at most ${DEEPEST} within one another`);
    }
    this.#depth++;
    if (!isAlias(node)) this.#keepAnchor(node);
    const placed = isAlias(node)
      ? this.#readAlias(this.#anchors.get(node.source), node.source, at)
      : this.#readNode(node, at);
    this.#depth--;
    return placed;
  }

  #keepAnchor(node: unknown): void {
    const { anchor } = (node ?? {}) as { readonly anchor?: string };
    if (anchor !== undefined && this.#open.size === 0) this.#anchors.set(anchor, node);
  }

  #readNode(node: unknown, at: Place): Placed {
    const tag = TAGS[(node as { readonly tag?: string } | null)?.tag ?? ""];
    const tagged = tag === undefined ? {} : { tag };
    if (isMap(node)) return { at, ...tagged, value: this.#readMap(node.items, at) };
    if (isSeq(node)) {
      return { at, ...tagged, value: node.items.map((item) => this.read(item, this.#placeOf(item, at))) };
    }
    return { at, ...tagged, value: isScalar(node) ? scalarOf(node) : null };
  }

  #readAlias(target: unknown, name: string, at: Place): Placed {
    if (target === undefined || this.#open.has(target)) {
      const shown = quote(name).slice(1, -1);
      throw new ComposeMistake(at, `*${shown} stands for nothing that is above it, expected &${shown} there`);
    }
    this.#open.add(target);
    const placed = this.read(target, at);
    this.#open.delete(target);
    return { ...placed, at };
  }

  #readMap(items: readonly { readonly key: unknown; readonly value: unknown }[], at: Place) {
    const own = new Map<string, Placed>();
    const merged: Placed[] = [];
    for (const { key, value } of items) {
      const here = this.#placeOf(key, at);
      if (isScalar(key) && key.value === "<<" && key.type === "PLAIN") merged.push(this.read(value, here));
      else own.set(this.#nameOf(key, here), this.read(value, here));
    }
    // The object's own names beat those that it merges, and of these the first.
    const all = new Map<string, Placed>();
    for (const { value, at: place } of merged) {
      for (const each of Array.isArray(value) ? value as readonly Placed[] : [{ value, at: place }]) {
        if (!(each.value instanceof Map)) {
          throw new ComposeMistake(place, "<< merges something that is no object, expected an alias of one");
        }
        for (const [name, placed] of each.value as ReadonlyMap<string, Placed>) {
          if (!all.has(name)) all.set(name, placed);
        }
      }
    }
    for (const [name, placed] of own) all.set(name, placed);
    return all;
  }

  #nameOf(key: unknown, at: Place): string {
    const node = isAlias(key) ? this.#anchors.get(key.source) : key;
    if (node !== null && !isScalar(node)) {
      const shown = isAlias(key) ? `*${quote(key.source).slice(1, -1)}` : "one of them";
      throw new ComposeMistake(at, `${shown} stands for no text, expected a text as each name of an object`);
    }
    this.#keepAnchor(node);
    return String(node?.value ?? "");
  }

  #placeOf(node: unknown, otherwise: Place): Place {
    const offset = (node as { readonly range?: readonly number[] | null } | null)?.range?.[0];
    return offset === undefined ? otherwise : { file: this.file, line: this.lines.linePos(offset).line };
  }
}

/** Digits that a number cannot hold stay as they are written. */
function scalarOf({ value, source }: Node): Scalar {
  if (typeof value === "number") {
    return Number.isSafeInteger(value) || !/^\d+$/.test(source ?? "") ? value : source ?? value;
  }
  if (typeof value === "string" || typeof value === "boolean") return value;
  return value === null || value === undefined ? null : String(value);
}
