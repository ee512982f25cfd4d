import { expected, type Parsed, parsed } from "./notice.ts";

declare const brand: unique symbol;

/** The name of a map file, as it stands in the config: HAProxy knows the map by this name at run time. */
export type TableName = string & { readonly [brand]: "TableName" };
/** The key of a row: one word, which is no comment. */
export type TableKey = string & { readonly [brand]: "TableKey" };
/** The value of a row: one line, with no blank at its ends. */
export type TableValue = string & { readonly [brand]: "TableValue" };

/** The rows of a map file. */
export type Table = ReadonlyMap<TableKey, TableValue>;

/** All map files of a config, by name. */
export type Tables = ReadonlyMap<TableName, Table>;

/** The table of the routes: host and path, and the backend that they lead to. */
export const HOSTS_MAP = "hosts.map" as TableName;

/** The table of what routes ask for: a route's id, `|` and a word, and what the frontend's rules need to know of it. */
export const ROUTES_MAP = "routes.map" as TableName;

/** The table of the addresses of clients: a route's id, the family and the first digits, and whether they may come in. */
export const ADDRESSES_MAP = "addresses.map" as TableName;
/** The table of redirects of hosts and paths: a route's id, `|` and host and path; the longest row that fits counts. */
export const REDIRECTS_MAP = "redirects.map" as TableName;

/** The table of redirects by patterns of paths. */
export const REDIRECT_PATTERNS_MAP = "redirect_patterns.map" as TableName;

/** The table of hosts that are patterns: their expression, and the host that stands for them in hosts.map. */
export const PATTERNS_MAP = "patterns.map" as TableName;

/** The table of prefixes of paths: a route's id, `|` and the prefix with a slash behind it; what takes its place. */
export const PREFIXES_MAP = "prefixes.map" as TableName;

/** The table of patterns of paths, and of the paths that take their place. */
export const PATH_PATTERNS_MAP = "path_patterns.map" as TableName;

/** The table of variants: the id of the route that serves all other requests, `|`, host and path; the variants there. */
export const VARIANTS_MAP = "variants.map" as TableName;

/** Tables whose keys are regular expressions. */
export const EXPRESSION_TABLES: ReadonlySet<TableName> = new Set([
  REDIRECT_PATTERNS_MAP,
  PATTERNS_MAP,
  PATH_PATTERNS_MAP,
]);

/** Tables of regular expressions where more than one row may match: the first row that matches counts, so that their order does too. */
export const ORDERED_TABLES: ReadonlySet<TableName> = new Set([REDIRECT_PATTERNS_MAP, PATTERNS_MAP]);

/** The table of passwords: a route's id, `|` and a user, and a salt and hash. */
export const USERS_MAP = "users.map" as TableName;

/** Every table but hosts.map, with the comment that tells what stands in it. The frontend names each of them. */
export const ROUTE_TABLES: ReadonlyMap<TableName, string> = new Map([
  [ROUTES_MAP, "What routes ask for: id|word value"],
  [
    ADDRESSES_MAP,
    "Who may come in, by the first hexadecimal digits of the address: id|4 or 6|digits, the longest counts",
  ],
  [PATTERNS_MAP, "Hosts that are patterns: ^expression$ host-of-hosts.map"],
  [VARIANTS_MAP, "Variants of hosts and paths: id|host/path/ host-of-hosts.map, conditions"],
  [PREFIXES_MAP, "Paths that are taken off: id|prefix/ prefix|segments|path in its place"],
  [PATH_PATTERNS_MAP, "Paths that are written anew: ^id[|]pattern$ path"],
  [REDIRECTS_MAP, "Redirects: id|host/path/ code tail scheme host path"],
  [REDIRECT_PATTERNS_MAP, "Redirects by patterns of paths: ^id[|]pattern$ code tail scheme host path"],
  [USERS_MAP, "Who may come in with a password: id|user salt$hash"],
]);

/** Tables whose values stand in no log and no status: they are secrets. */
export const SECRET_TABLES: ReadonlySet<TableName> = new Set([USERS_MAP]);

/** In bytes. With each byte escaped, a row still fits into a command of HAProxy's 16 KB. */
const LONGEST_KEY = 1_000;
/** The longest value of a row. */
export const LONGEST_VALUE = 6_000;

// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/;

/** Reads the name of a map file: no folder and nothing that a command or a config would take apart. */
export function parseTableName(text: string): Parsed<TableName> {
  return /^[a-z][a-z0-9_]{0,40}\.map$/.test(text)
    ? parsed(text as TableName)
    : expected("a name such as hosts.map");
}

/**
 * Reads the key of a row. A blank would end it, `#` in front makes a comment of it in the file and a number of a row in a
 * command (management guide, section 9.3, `del map`).
 */
export function parseTableKey(text: string): Parsed<TableKey> {
  const isKey = text !== "" && isUpTo(LONGEST_KEY, text) && !/^#|\s/.test(text) && isClean(text);
  return isKey
    ? parsed(text as TableKey)
    : expected(`a word of at most ${LONGEST_KEY} bytes without # in front`);
}

/** Reads the value of a row. HAProxy takes everything up to the end of the line, but for blanks at its ends. */
export function parseTableValue(text: string): Parsed<TableValue> {
  const isValue = text !== "" && isUpTo(LONGEST_VALUE, text) && text.trim() === text && isClean(text);
  return isValue ? parsed(text as TableValue) : expected(`a line of at most ${LONGEST_VALUE} bytes`);
}

/** Half a character of two could not be written as it is. */
const isClean = (text: string): boolean => !CONTROL.test(text) && text.isWellFormed();

const isUpTo = (most: number, text: string): boolean =>
  text.length <= most && new TextEncoder().encode(text).length <= most;

/** Reads a map file as HAProxy does: a key and a value a line. */
export function parseTable(text: string): (readonly [TableKey, TableValue])[] {
  return text.split("\n").map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [, key = "", value = ""] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
      return [key as TableKey, value as TableValue] as const;
    });
}

/** A map file of rows; `title` is a comment that tells what stands in it. */
export function tableText(title: string, table: Table): string {
  return `# ${title}\n${[...table].map(([key, value]) => `${key} ${value}\n`).join("")}`;
}
