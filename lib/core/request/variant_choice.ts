import { BETWEEN_VARIANTS, CLOSED_VARIANT } from "../keys/variant.ts";
import { HOSTS_MAP, type Tables, VARIANTS_MAP } from "../values/table.ts";
import type { Header } from "./client_request.ts";
import {
  type Found,
  longestKey,
  type Lookup,
  parentOf,
  tableNamed,
  type Target,
  targetFor,
} from "./lookup.ts";

/** What a variant is chosen by: the request as HAProxy has it then. */
export type Seen = {
  readonly host: string;
  readonly path: string;
  /** Without its `?`. */
  readonly query: string;
  readonly method: string;
  readonly headers: readonly Header[];
};

/** Which route takes a request to a host and path that has variants. */
export type Choice =
  /** The plain route, since no variant fits. */
  | { readonly kind: "plain" }
  | { readonly kind: "variant"; readonly target: Target; readonly name: string }
  /** Nobody: one that is protected has no room beside others. */
  | { readonly kind: "closed" };

/** A choice, and whether chance had a part in it: another number may have led elsewhere. */
export type Drawn = { readonly choice: Choice; readonly isDrawn: boolean };

const CONDITION = "\u241e";
const VALUE = "\u241d";

/** Chooses the variant that a request is for, as route_variants.eta and variants.lua do; `draw` is from 0 to 99. */
export function chooseVariant(
  lookup: Lookup & { readonly found: Found },
  seen: Seen,
  { tables, wildcardDepths, draw }: {
    readonly tables: Tables;
    readonly wildcardDepths: readonly number[];
    readonly draw: number;
  },
): Drawn {
  const text = variantsOf(lookup, seen, tables, wildcardDepths);
  const none: Drawn = { choice: { kind: "plain" }, isDrawn: false };
  if (text === undefined) return none;
  const reading = new Reading(seen, draw);
  for (const each of text.split(BETWEEN_VARIANTS)) {
    const [name = "", ...conditions] = each.split(CONDITION);
    if (!reading.fits(conditions)) continue;
    return { choice: choiceOf(name, tables), isDrawn: reading.isDrawn };
  }
  return { choice: { kind: "plain" }, isDrawn: reading.isDrawn };
}

function choiceOf(name: string, tables: Tables): Choice {
  if (name === CLOSED_VARIANT) return { kind: "closed" };
  const target = targetFor(tableNamed(tables, HOSTS_MAP), name);
  return target === undefined ? { kind: "plain" } : { kind: "variant", target, name };
}

/** The row of variants that holds for a host and path: that of the nearest, with those of what stands behind a pattern. */
function variantsOf(
  { found, pattern, wild }: Lookup & { readonly found: Found },
  { host, path }: Seen,
  tables: Tables,
  depths: readonly number[],
): string | undefined {
  const table = tableNamed(tables, VARIANTS_MAP);
  const rowOf = (key: string): string | undefined => {
    const row = longestKey(table, key);
    return row === undefined ? undefined : table.get(row);
  };
  const isFlagged = found.flags.has("variants");
  const isPattern = found.route.startsWith("~");
  let variants = isFlagged ? rowOf(`${found.id}|${host}${path}/`) : undefined;
  const isExact = variants !== undefined;
  const behind = isPattern ? wild?.id : undefined;
  let hidden: string | undefined;
  for (const depth of depths) {
    const place = `*.${parentOf(host, depth)}${path}/`;
    if (isFlagged) variants ??= rowOf(`${found.id}|${place}`);
    if (behind !== undefined) hidden ??= rowOf(`${behind}|${place}`);
  }
  if (isFlagged && pattern !== undefined && !isExact && !isPattern) {
    hidden = rowOf(`${found.id}|${pattern}${path}/`) ?? hidden;
  }
  if (isFlagged && hidden === undefined) variants ??= rowOf(`${found.id}|${found.route}`);
  const all = [variants, hidden].filter((text) => text !== undefined);
  return all.length === 0 ? undefined : all.join(BETWEEN_VARIANTS);
}

type Values = ReadonlyMap<string, readonly string[]>;

/** Reads a request's names of each kind once, and tries conditions against them. */
class Reading {
  /** Chance has decided. */
  isDrawn = false;
  /** Which percentage the shares before took. */
  #taken = 0;
  readonly #values = new Map<string, Values>();

  constructor(readonly seen: Seen, readonly draw: number) {}

  fits(conditions: readonly string[]): boolean {
    return conditions.every((condition) => {
      const [first = "", ...values] = condition.split(VALUE);
      return first === "s" ? this.#isTaken(values) : this.#holds(first, values);
    });
  }

  #isTaken([share = "0", cookie]: readonly string[]): boolean {
    this.#taken += Number(share);
    const kept = cookie === undefined ? undefined : this.#of("c").get(cookie)?.find(isDraw);
    this.isDrawn ||= kept === undefined;
    return Number(kept ?? this.draw) < this.#taken;
  }

  #holds(first: string, wanted: readonly string[]): boolean {
    const values = this.#of(first.slice(0, 1)).get(first.slice(1));
    if (values === undefined) return false;
    return wanted.length === 0 || values.some((value) => wanted.includes(value));
  }

  #of(kind: string): Values {
    const before = this.#values.get(kind);
    if (before !== undefined) return before;
    const found = Map.groupBy(pairsOf(kind, this.seen), ([name]) => name);
    const values = new Map([...found].map(([name, all]) => [name, all.map(([, value]) => value)]));
    this.#values.set(kind, values);
    return values;
  }
}

const isDraw = (value: string): boolean => /^\d\d?$/.test(value);

function pairsOf(kind: string, { method, headers, query }: Seen): (readonly [string, string])[] {
  if (kind === "m") return [["", method]];
  if (kind === "h") return headers.map(({ name, value }) => [name.toLowerCase(), value]);
  if (kind === "q") {
    return query.split("&").filter((part) => part !== "").map((part) => {
      const [, name = "", value = ""] = /^([^=]*)=?(.*)$/.exec(part) ?? [];
      return [plain(name), plain(value)];
    });
  }
  return headers.filter(({ name }) => name.toLowerCase() === "cookie").flatMap(({ value }) =>
    value.split(";").filter((part) => part.includes("=")).map((part) => {
      const sign = part.indexOf("=");
      return [part.slice(0, sign).trimStart(), part.slice(sign + 1).trimEnd()] as const;
    })
  );
}

/** A name or value of a query, its bytes as characters. */
const plain = (text: string): string =>
  text.replaceAll("+", " ").replace(
    /%([0-9A-Fa-f]{2})/g,
    (_, digits: string) => String.fromCharCode(parseInt(digits, 16)),
  );
