import type { Table, TableKey, TableName, TableValue } from "../values/table.ts";

/** Bytes of rows in one command. HAProxy drops what exceeds its buffer of 16 KB, with an answer that looks like success. */
const MOST_PAYLOAD_BYTES = 13_000;

/** A row as HAProxy prints it. */
export type ReportedRow = { readonly key: TableKey; readonly value: TableValue };

/**
 * The command that adds a row. A value that is not a plain word goes into the payload, which HAProxy does not split into
 * words (management guide, section 9.3, `add map`).
 */
export function addRowCommand(table: TableName, key: TableKey, value: TableValue): string {
  const isPlain = escaped(key) === key && escaped(value) === value;
  return isPlain
    ? `add map ${table} ${key} ${value}`
    : withPayload(`add map ${table}`, [`${key} ${value}\n`]);
}

/** The command that changes a row. It has no payload, so that special characters are escaped. */
export function setRowCommand(table: TableName, key: TableKey, value: TableValue): string {
  return `set map ${table} ${escaped(key)} ${escaped(value)}`;
}

/** The command that deletes a row. */
export const deleteRowCommand = (table: TableName, key: TableKey): string =>
  `del map ${table} ${escaped(key)}`;

/** The question for the row that a key finds. */
export const rowQuestion = (table: TableName, key: TableKey): string => `get map ${table} ${escaped(key)}`;

/** The question for all rows of a table. */
export const tableQuestion = (table: TableName): string => `show map ${table}`;

/** The question for the number of rows of each table. */
export const COUNT_QUESTION = "show map";

/** The command that begins a version of a table beside the one in use. */
export const prepareCommand = (table: TableName): string => `prepare map ${table}`;

/** The number of the version that was begun, from the answer to `prepare map`. */
export function preparedVersion(answer: string): number | undefined {
  const version = /^New version created: (\d+)$/.exec(answer.trim())?.[1];
  return version === undefined ? undefined : Number(version);
}

/** The commands that fill a version of a table, each of a size that HAProxy can take. */
export function fillCommands(table: TableName, version: number, rows: Table): string[] {
  const encoder = new TextEncoder();
  const commands: string[] = [];
  const lines: string[] = [];
  let size = 0;
  const end = () => void commands.push(withPayload(`add map @${version} ${table}`, lines.splice(0)));
  for (const [key, value] of rows) {
    const line = `${key} ${value}\n`;
    const bytes = encoder.encode(line).length;
    if (size + bytes > MOST_PAYLOAD_BYTES && lines.length > 0) {
      end();
      size = 0;
    }
    lines.push(line);
    size += bytes;
  }
  if (lines.length > 0) end();
  return commands;
}

/** The command by which a version replaces the one in use, at once. */
export const commitCommand = (table: TableName, version: number): string => `commit map @${version} ${table}`;

/** How many rows a table has in all its versions, by the answer to COUNT_QUESTION; `undefined` where HAProxy does not say. */
export function countRows(answer: string, table: TableName): number | undefined {
  for (const line of answer.split("\n")) {
    const [, name, count] = /^\d+ \(([^)]*)\) .* entry_cnt=(\d+)\s*$/.exec(line) ?? [];
    if (name === table) return Number(count);
  }
  return undefined;
}

/** Reads what `show map NAME` prints; `undefined` where a line is not a row. */
export function parseRows(text: string): ReportedRow[] | undefined {
  const rows: ReportedRow[] = [];
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const [, key, value] = /^0x[0-9a-f]+ (\S+) (.+)$/.exec(line) ?? [];
    if (key === undefined || value === undefined) return undefined;
    rows.push({ key: key as TableKey, value: value as TableValue });
  }
  return rows;
}

/**
 * Whether HAProxy has the expected row, by the answer to `get map` (management guide, section 9.3). The answer has a line
 * for each way of matching, and may show a shorter key that matches too. A match in a list (expressions, or a user's own
 * template) may hide the key; such rows are left to the audit.
 */
export function isRowAsBelieved(key: TableKey, answer: string, believed: TableValue | undefined): boolean {
  const lines = answer.split("\n").filter((line) => line.trim() !== "").map((line) => {
    const [, index, found, value] =
      /, idx=([a-z]+), key="(.*?)", value="(.*?)"(?:, type="[a-z]*")?\s*$/.exec(line) ?? [];
    return { line, index, found, value };
  });
  const own = lines.filter(({ found }) => found === key);
  if (own.length > 0) return own.every(({ value }) => value === believed);
  if (lines.some(({ index }) => index === "list")) return true;
  const isAbsent = lines.length > 0 &&
    lines.every(({ line, found }) => found !== undefined || /, (?:found|match)=no\s*$/.test(line));
  return isAbsent && believed === undefined;
}

/** An empty line ends a payload. The sender ends each command with a line break, which is the second one here. */
const withPayload = (command: string, lines: readonly string[]): string => `${command} <<\n${lines.join("")}`;

/**
 * Escapes what the command line would interpret (tried on 2.6 to 3.4). After a line that ends in `<<`, HAProxy would read
 * the next commands as its payload.
 */
const escaped = (text: string): string => text.replace(/[ ;\\"'#<]/g, "\\$&");
