import { type Listed, viewOfListed } from "../../core/snapshot/listed_view.ts";
import type { ContainerView } from "../../core/snapshot/snapshot.ts";
import { type Excerpt, excerptAt } from "../../core/values/notice.ts";
import { withoutSecrets } from "../../core/values/secret_text.ts";
import { mayTellSecret } from "../../core/labels/shown_names.ts";
import type { YamlEntry } from "./yaml.ts";

/** A file of routes that is read: its path, and what messages call it. */
export type RoutesName = { readonly path: string; readonly fileName: string };

/** The routes of a file; or what is wrong with all of it, and where. */
export type RoutesRead = { readonly ok: true; readonly views: readonly ContainerView[] } | {
  readonly ok: false;
  readonly why: string;
  readonly excerpt?: Excerpt;
};

/** Bounds on one file: bytes of it, and values in it when all its aliases are written out. */
export const LONGEST_ROUTES_FILE = 524_288;
const MOST_VALUES = 1_000_000;
/** Values of one route, so that what it says is no longer than INTERLOCK_DATA may be. */
const MOST_VALUES_OF_ROUTE = 10_000;
/** How often the anchors of a file may be used; each use within another counts as many times as that one. */
const MOST_ALIASES = 10_000;

const EXPECTED = "expected a list of routes, or their names with a route behind each";

/** Whoever writes a file in place makes it empty first. */
const EMPTY = "it is empty, expected [] or a comment where there are to be no routes";

/** Reads the text of a file of routes, YAML 1.2 or JSON; `turn` is that of its first route. Never throws. */
export async function decodeRoutes(text: string, name: RoutesName, turn: number): Promise<RoutesRead> {
  if (text.trim() === "") return { ok: false, why: EMPTY };
  // Few need it, and it takes longer to load than all that a command does.
  const { readYaml } = await import("./yaml.ts");
  const read = readYaml(text, MOST_ALIASES);
  if (!read.ok) {
    const { what, line, column, offset } = read;
    const place = line === undefined ? "" : ` (line ${line}, column ${column})`;
    const why = `${withoutSecrets(what)}${place}`;
    const isShown = offset !== undefined && !mayTellSecret(text);
    return { ok: false, why, ...(isShown && { excerpt: excerptAt(text, offset) }) };
  }
  const { json, entries } = read;
  if (json === null || json === undefined) return { ok: true, views: [] };
  // One route alone, without a name: nobody's key is called so.
  const isRoute = typeof json === "object" && Object.hasOwn(json, "servers");
  return entries === undefined || isRoute
    ? { ok: false, why: `it holds ${isRoute ? "the keys of one route" : "one value"}, ${EXPECTED}` }
    : viewsOf(entries, name, turn);
}

function viewsOf(entries: readonly YamlEntry[], file: RoutesName, turn: number): RoutesRead {
  let left = MOST_VALUES;
  const names = new Map<string, number>();
  const views: ContainerView[] = [];
  for (const [at, { name, entry, line, lines }] of entries.entries()) {
    const values = countValues(entry, Math.min(left, MOST_VALUES_OF_ROUTE) + 1);
    left -= values;
    if (left < 0) return { ok: false, why: `it says more than ${MOST_VALUES} values, expected fewer` };
    const flaw = values > MOST_VALUES_OF_ROUTE
      ? `says more than ${MOST_VALUES_OF_ROUTE} values`
      : name === "<<"
      ? 'is "<<", which merges nothing'
      : undefined;
    const listed: Listed = {
      fileName: file.fileName,
      turn: turn + at,
      name: unique(nameOf(name, entry) ?? `route-${at + 1}`, names),
      place: `${file.fileName}, line ${line}`,
      lines,
      entry: flaw === undefined ? entry : undefined,
      flaw,
    };
    views.push(viewOfListed(listed));
  }
  return { ok: true, views };
}

/** What a route is called: by its name, or by the host that it names. */
function nameOf(key: string | undefined, entry: unknown): string | undefined {
  const { name, hostname, hosts } = (entry ?? {}) as Readonly<Record<string, unknown>>;
  const [first] = Array.isArray(hosts) ? hosts as readonly unknown[] : [hosts];
  const text = key ?? [name, hostname, first].find((each) => typeof each === "string");
  return typeof text === "string" && NAME.test(text) ? text : undefined;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;

function unique(name: string, names: Map<string, number>): string {
  const count = (names.get(name) ?? 0) + 1;
  names.set(name, count);
  return count === 1 ? name : unique(`${name}-${count}`, names);
}

/** How many values a route says: what an anchor stands for counts wherever it is used. Stops at the limit. */
function countValues(value: unknown, limit: number): number {
  let count = 0;
  const left = [value];
  while (left.length > 0 && count < limit) {
    const each = left.pop();
    // A long text counts as several.
    count += 1 + (typeof each === "string" ? Math.floor(each.length / 16) : 0);
    if (typeof each !== "object" || each === null) continue;
    for (const inner of Object.values(each)) {
      left.push(inner);
      if (left.length > limit) return limit;
    }
  }
  return count;
}
