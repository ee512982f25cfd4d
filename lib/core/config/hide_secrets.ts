import { shownCheckLine } from "../keys/health_check.ts";
import { shownChanges } from "../keys/header_change.ts";
import { shownConditions } from "../keys/variant.ts";
import { HIDDEN, withoutQuery } from "../values/secret_text.ts";
import { ROUTES_MAP, SECRET_TABLES, type TableName, VARIANTS_MAP } from "../values/table.ts";
import type { FileName, Files } from "./render.ts";

/** Marks a line whose secret is another one than in the text that it is compared with. */
const ANOTHER = " (another)";

const ROW = /^([^#\s]\S*\s+)(.*\S)\s*$/;
/** What stands in place of a secret in a saved snapshot, where its text alone would not be read. */
const IN_SNAPSHOTS = new RegExp(String.raw`${encodeURIComponent(HIDDEN)}|(?<= )[.]{3}(?= |$)`, "g");

/** A line of a file without the secrets in it. */
type HideIn = (line: string) => string;

/** Of the password of a user in a config (HAProxy manual, section 12.2, `user`), and of headers of checks. */
const hideInConfig: HideIn = (line) =>
  shownCheckLine(line.replace(/^(\s*user \S+ password )\S+$/, `$1${HIDDEN}`));

const hideInRow = (shown: (value: string, key: string) => string): HideIn => (line) => {
  const [, key = "", value] = ROW.exec(line) ?? [];
  return value === undefined ? line : `${key}${shown(value, key.trim())}`;
};

const hideAll = hideInRow(() => HIDDEN);
const hideInRoutes = hideInRow((value, key) =>
  /[|](?:req|res)headers$/.test(key)
    ? shownChanges(value)
    : key.endsWith("|ask")
    ? withoutQuery(value)
    : value
);
const hideInVariants = hideInRow(shownConditions);

const hideInOf = (name: FileName): HideIn | undefined => {
  if (name === "haproxy.cfg") return hideInConfig;
  if (SECRET_TABLES.has(name as TableName)) return hideAll;
  return name === ROUTES_MAP ? hideInRoutes : name === VARIANTS_MAP ? hideInVariants : undefined;
};

/** Whether a file has secrets in it, so that it may be read by its owner alone. */
export function hasSecrets(name: FileName, text: string): boolean {
  const hideIn = hideInOf(name);
  return hideIn !== undefined && text.split("\n").some((line) => hideIn(line) !== line);
}

/** A file as it is shown to people. Secrets that `beside` has otherwise, an older text of the file, are marked as such. */
export function shownText(name: FileName, text: string, beside?: string): string {
  const hideIn = hideInOf(name);
  if (hideIn === undefined) return text;
  const others = new Map<string, Set<string>>();
  for (const line of beside?.split("\n") ?? []) {
    const shown = hideIn(line);
    const lines = others.get(shown);
    if (lines === undefined) others.set(shown, new Set([line]));
    else lines.add(line);
  }
  return text.split("\n").map((line) => {
    const shown = hideIn(line);
    if (shown === line) return line;
    const beside = [...others.get(shown) ?? []];
    // A saved snapshot does not tell a secret, which then may be any.
    const isAnother = beside.length > 0 && ![line, ...beside].some((each) => isHiddenIn(each, shown)) &&
      !beside.includes(line);
    return isAnother ? `${shown}${ANOTHER}` : shown;
  }).join("\n");
}

const isHiddenIn = (line: string, shown: string): boolean => line.replace(IN_SNAPSHOTS, HIDDEN) === shown;

/** The files as they are shown to people. */
export const shownFiles = (files: Files): Files =>
  new Map([...files].map(([name, text]) => [name, shownText(name, text)] as const));
