/**
 * Writes the tables of the documents from the code that reads what they tell of: `deno run -A scripts/tables.ts`
 * rewrites what lies between the markers, `--check` only says whether that would change anything.
 */
import type { RouteKey } from "../lib/core/keys/route_key.ts";
import { ROUTE_KEYS } from "../lib/core/keys/route_keys.ts";
import { SCHEMAS } from "./schema.ts";
import { EVENTS } from "../lib/core/status/event_words.ts";
import { type Setting, SETTINGS } from "../lib/core/settings/settings.ts";

const ROOT = new URL("../", import.meta.url);

/** Which tables stand in which document. */
export const TABLES: Readonly<Record<string, readonly TableName[]>> = {
  "README.md": ["used keys"],
  "docs/containers.md": ["keys"],
  "docs/observing.md": ["events"],
  "docs/settings.md": ["settings"],
};

type TableName = "settings" | "keys" | "used keys" | "events";

const WRITERS: Readonly<Record<TableName, () => string>> = {
  settings: settingsTable,
  keys: keysTable,
  "used keys": usedKeysTable,
  events: eventsTable,
};

/** The keys that most containers need, for who sees them for the first time. */
const USED_KEYS = [
  "hostname",
  "alias_domains",
  "port",
  "context_root",
  "ssl_only",
  "redirects",
  "basic_auth",
  "allow_from",
  "check",
  "enable",
] as const satisfies readonly (keyof typeof ROUTE_KEYS)[];

const KIND_IN_WORDS: Readonly<Record<RouteKey["kind"], string>> = {
  "string": "string",
  "text": "string, number or boolean",
  "string[]": "list of strings",
  "integer": "whole number",
  "port": "whole number",
  "time": "milliseconds, or a time (`30s`)",
  "size": "bytes, or a size (`10m`)",
  "boolean": "boolean",
};

/** The text of a document with each table as the code has it now; throws where a marker is missing. */
export function withTables(path: string, text: string): string {
  return (TABLES[path] ?? []).reduce((before, name) => replaceTable(path, before, name), text);
}

function replaceTable(path: string, text: string, name: TableName): string {
  const [begin, end] = [`<!-- ${name}: written by scripts/tables.ts -->\n`, `<!-- ${name}: end -->\n`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) {
    throw new Error(`${path} has no table "${name}": expected the lines ${begin}and ${end}`);
  }
  return `${text.slice(0, from + begin.length)}\n${WRITERS[name]()}\n${text.slice(to)}`;
}

function settingsTable(): string {
  const rows = (Object.values(SETTINGS) as Setting[]).map((setting) => [
    flagOf(setting),
    setting.env.map(code).join(", "),
    setting.defaultText,
    setting.help,
  ]);
  return table(["flag", "environment", "default", "meaning"], rows);
}

function flagOf({ flag, argument }: Setting): string {
  if (flag === undefined) return "(environment only)";
  return code(argument === undefined ? `--${flag}` : `--${flag} ${argument}`);
}

function keysTable(): string {
  const rows = (Object.entries(ROUTE_KEYS) as [string, RouteKey][]).map(([name, key]) => [
    code(name),
    code(`interlock.${key.label}`) + (key.kind === "string[]" ? ", `.1`, `.2` …" : ""),
    KIND_IN_WORDS[key.kind],
    `the ${key.costs}`,
    key.meaning,
  ]);
  return table(["key of INTERLOCK_DATA", "label", "type", "a wrong value costs", "meaning"], rows);
}

function usedKeysTable(): string {
  const rows = USED_KEYS.map((
    name,
  ) => [code(`interlock.${ROUTE_KEYS[name].label}`), ROUTE_KEYS[name].meaning]);
  return table(["label", "meaning"], rows);
}

function eventsTable(): string {
  const rows = Object.entries(EVENTS).map(([kind, { level, meaning }]) => [
    code(kind),
    typeof level === "string" ? level : "HAProxy's",
    meaning,
  ]);
  return table(["`event`", "level", "when"], rows);
}

const code = (text: string): string => `\`${text}\``;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
  return line(head) + line(head.map(() => "---")) + rows.map(line).join("");
}

if (import.meta.main) {
  const isCheck = Deno.args[0] === "--check";
  if (Deno.args.length > 1 || (Deno.args.length === 1 && !isCheck)) {
    console.error(`Cannot read the arguments "${Deno.args.join(" ")}": expected --check, or nothing.`);
    Deno.exit(2);
  }
  for (const path of [...Object.keys(TABLES), ...Object.keys(SCHEMAS)]) {
    const file = new URL(path, ROOT);
    const schema = SCHEMAS[path];
    const before = await Deno.readTextFile(file).catch(() => "");
    const after = schema ?? withTables(path, before);
    if (before === after) continue;
    if (isCheck) {
      console.error(
        `${path}: it is not what the code has; deno run -A scripts/tables.ts writes them.`,
      );
      Deno.exitCode = 1;
    } else await Deno.writeTextFile(file, after);
  }
}
