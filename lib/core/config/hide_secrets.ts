import { HIDDEN } from "../values/secret_text.ts";
import { SECRET_TABLES, type TableName } from "../values/table.ts";
import type { FileName, Files } from "./render.ts";

/** What stands in place of a secret that is another one than in the text that it is compared with. */
const ANOTHER = `${HIDDEN} (another)`;

/** The password of a user in a config (HAProxy manual, section 12.2, `user`). */
const USER_LINE = /^(\s*user \S+ password )(\S+)$/;
const ROW = /^([^#\s]\S*\s+)(.*\S)\s*$/;

const isSecretTable = (name: FileName): boolean => SECRET_TABLES.has(name as TableName);

const secretLine = (name: FileName): RegExp | undefined =>
  isSecretTable(name) ? ROW : name === "haproxy.cfg" ? USER_LINE : undefined;

/** Whether a file has secrets in it, so that it may be read by its owner alone. */
export function hasSecrets(name: FileName, text: string): boolean {
  const pattern = secretLine(name);
  return pattern !== undefined && text.split("\n").some((line) => pattern.test(line));
}

/** A file as it is shown to people. Secrets that `beside` has otherwise, an older text of the file, are marked as such. */
export function shownText(name: FileName, text: string, beside?: string): string {
  const pattern = secretLine(name);
  if (pattern === undefined) return text;
  const others = new Map<string, string>();
  for (const line of beside?.split("\n") ?? []) {
    const [, front = "", secret] = pattern.exec(line) ?? [];
    if (secret !== undefined) others.set(front, secret);
  }
  return text.split("\n").map((line) => {
    const [, front = "", secret] = pattern.exec(line) ?? [];
    if (secret === undefined) return line;
    const other = others.get(front);
    return `${front}${other === undefined || isSame(secret, other) ? HIDDEN : ANOTHER}`;
  }).join("\n");
}

/** A saved snapshot does not tell a secret, which then may be any. */
const isSame = (a: string, b: string): boolean => a === b || a === HIDDEN || b === HIDDEN;

/** The files as they are shown to people. */
export const shownFiles = (files: Files): Files =>
  new Map([...files].map(([name, text]) => [name, shownText(name, text)] as const));
