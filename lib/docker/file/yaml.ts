import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from "yaml";
import type { Lines } from "../../core/snapshot/snapshot.ts";
import { messageOf } from "../../core/values/message_of.ts";
import { quote } from "../../core/values/notice.ts";
import { wordsOf } from "./yaml_mistake.ts";

/** An element of a list, or a value of an object with its name; `line` is where it begins, `lines` where its keys do. */
export type YamlEntry = {
  readonly name?: string;
  readonly entry: unknown;
  readonly line: number;
  readonly lines: Lines;
};

/** What a text says, with the entries of a list or an object; or the first mistake in it, and where it is, if that is known. */
export type YamlRead = {
  readonly ok: true;
  readonly json: unknown;
  readonly entries: readonly YamlEntry[] | undefined;
} | {
  readonly ok: false;
  readonly what: string;
  readonly line?: number;
  readonly column?: number;
  readonly offset?: number;
};

/** A text's nodes and lines; or the first mistake in it. */
export type YamlOpened =
  | { readonly ok: true; readonly document: Document; readonly lines: LineCounter }
  | YamlMistake;
type YamlMistake = Extract<YamlRead, { readonly ok: false }>;

/** Reads the nodes of YAML 1.2, of which JSON is a part. Throws RangeError where they are nested deeper than the stack. */
export function openYaml(text: string): YamlOpened {
  const lines = new LineCounter();
  // The package compares each name with each other one: with thousands, that takes minutes.
  const document: Document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: "error",
    uniqueKeys: false,
    // Also where the text names an older YAML, in which no is false and 1:30 is ninety.
    schema: "core",
  });
  const [error] = document.errors;
  if (error !== undefined) return mistake(wordsOf(error), error.pos[0], lines);
  const twin = findTwin(document);
  if (twin === undefined) return { ok: true, document, lines };
  return mistake(`the name ${quote(twin.name)} stands there twice, expected it once`, twin.offset, lines);
}

/** Reads YAML 1.2, of which JSON is a part; anchors may be used so many times, each use within another as often as that one. */
export function readYaml(text: string, mostAliases: number): YamlRead {
  let opened: Extract<YamlOpened, { readonly ok: true }> | undefined;
  try {
    const found = openYaml(text);
    if (!found.ok) return found;
    opened = found;
    const json: unknown = found.document.toJS({ maxAliasCount: mostAliases });
    return { ok: true, json, entries: entriesOf(found.document, json, found.lines) };
  } catch (error) {
    return whyNoValues(error, opened?.document, mostAliases, opened?.lines ?? new LineCounter());
  }
}

/** An alias of nothing or in thousands of places, or brackets that are nested deeper than the stack. */
function whyNoValues(
  error: unknown,
  document: Document | undefined,
  mostAliases: number,
  lines: LineCounter,
): YamlRead {
  const message = messageOf(error);
  const [, alias] = /^Unresolved alias .*: (.+)$/.exec(message) ?? [];
  if (alias !== undefined && document !== undefined) {
    const name = quote(alias).slice(1, -1);
    return mistake(
      `*${name} stands for nothing, expected &${name} above it`,
      offsetOfAlias(document, alias),
      lines,
    );
  }
  if (/alias count/i.test(message)) {
    const what = `its & stand for more than ${mostAliases} values by * (aliases), expected fewer`;
    return { ok: false, what };
  }
  const isTooDeep = error instanceof RangeError;
  return { ok: false, what: isTooDeep ? "its brackets are nested too deeply" : quote(message).slice(1, -1) };
}

function offsetOfAlias(document: Document, alias: string): number {
  let offset = 0;
  visit(document, {
    Alias: (_, node) => {
      if (node.source !== alias) return undefined;
      offset = offsetOf(node);
      return visit.BREAK;
    },
  });
  return offset;
}

function mistake(what: string, offset: number, lines: LineCounter): YamlMistake {
  const { line, col } = lines.linePos(offset);
  return { ok: false, what, line, column: col, offset };
}

const offsetOf = (node: unknown): number =>
  (node as { readonly range?: readonly number[] | null } | null)?.range?.[0] ?? 0;

/** The second of two equal names in one object: of what they say, one would be lost. */
function findTwin(
  document: Document,
): { readonly name: string; readonly offset: number } | undefined {
  let twin: { readonly name: string; readonly offset: number } | undefined;
  visit(document, {
    Map: (_, { items }) => {
      const names = new Set<string>();
      for (const { key } of items) {
        // A list or an object as a name may be as long as the text, and have others within.
        if (isMap(key) || isSeq(key)) continue;
        const name = String(isScalar(key) ? key.value : key);
        if (names.has(name)) twin ??= { name, offset: offsetOf(key) };
        names.add(name);
      }
      return twin === undefined ? undefined : visit.BREAK;
    },
  });
  return twin;
}

/** In the order of the text, which an object of the language changes where names are numbers. */
function entriesOf(
  document: Document,
  json: unknown,
  lines: LineCounter,
): readonly YamlEntry[] | undefined {
  const { contents: root } = document;
  const lineOf = (node: unknown) => lines.linePos(offsetOf(node)).line;
  if (isSeq(root)) {
    return (json as readonly unknown[]).map((entry, at) => {
      const node = root.items[at];
      return { entry, line: lineOf(node), lines: linesOf(node, lineOf) };
    });
  }
  if (!isMap(root)) return undefined;
  const values = json as Readonly<Record<string, unknown>>;
  return root.items.map(({ key, value }) => {
    const name = String(isAlias(key) ? key.resolve(document) : key);
    return { name, entry: values[name], line: lineOf(key), lines: linesOf(value, lineOf) };
  });
}

/** Where the keys of a route stand, and the elements of their lists; nothing of what an alias stands for. */
function linesOf(node: unknown, lineOf: (node: unknown) => number): Lines {
  const found = new Map<string, number>();
  if (!isMap(node)) return found;
  for (const { key, value } of node.items) {
    if (!isScalar(key)) continue;
    const name = String(key.value);
    found.set(name, lineOf(key));
    if (!isSeq(value)) continue;
    for (const [at, element] of value.items.entries()) found.set(`${name}.${at}`, lineOf(element));
  }
  return found;
}
