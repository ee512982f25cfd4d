import { type CertificateFile, CERTS_LIST } from "../certificates/choose.ts";
import { isNamedFile } from "../certificates/named_file.ts";
import {
  certificateQuestion,
  LIST_QUESTION,
  parseFingerprint,
  parseList,
} from "../runtime/certificate_commands.ts";
import type { Running } from "./running.ts";
import { isRowAsBelieved, parseRows, rowQuestion, tableQuestion } from "../runtime/map_commands.ts";
import type { Operation, SectionName, TableSwap } from "../runtime/operation.ts";
import { EXPRESSION_TABLES, HOSTS_MAP, type TableKey, type TableName } from "../values/table.ts";
import { isAsReported, parseServerStates, stateQuestion } from "./survey.ts";

/** A question that goes out in the same batch as commands, and shows whether they did what their answers say. */
export type Question = {
  readonly command: string;
  /** What differs from the expected, by the answer; for people. */
  readonly findStrange: (answer: string, running: Running) => string | undefined;
};

/** For more sections than this, one question asks for all. */
const MANY_SECTIONS = 8;
/** For more keys of a table than this, one question asks for the whole table. */
const MANY_KEYS = 64;

/** The questions about all sections, rows and tables that the operations touch. */
export function confirmationOf(operations: readonly Operation[]): Question[] {
  const sections = new Set<SectionName>();
  const keys = new Map<TableName, Set<TableKey>>();
  const swaps: TableSwap[] = [];
  const files = new Set<CertificateFile>();
  for (const operation of operations) {
    if ("server" in operation) sections.add(operation.section);
    if ("file" in operation) files.add(operation.file);
    if (operation.kind === "swap-table") swaps.push(operation);
    if ("key" in operation) {
      const touched = keys.get(operation.table) ?? new Set();
      keys.set(operation.table, touched.add(operation.key));
    }
  }
  return [
    ...sections.size > MANY_SECTIONS ? [askSections(sections)] : [...sections].map(askSection),
    ...[...keys].flatMap(([table, touched]) =>
      // Of expressions, HAProxy tells the one that a text matches, and not the row of a key.
      touched.size > MANY_KEYS || EXPRESSION_TABLES.has(table)
        ? [askRows(table, touched)]
        : [...touched].map((key) => askRow(table, key))
    ),
    ...swaps.map(askTable),
    ...[...files].every(isNamedFile) ? [] : [askList()],
    ...[...files].map(askCertificate),
  ];
}

/** The first difference after the operations; for people. */
export function findStrange(
  questions: readonly Question[],
  answers: readonly string[],
  running: Running,
): string | undefined {
  for (const [at, question] of questions.entries()) {
    const strange = question.findStrange(answers[at] ?? "", running);
    if (strange !== undefined) return strange;
  }
  return undefined;
}

function askList(): Question {
  return {
    command: LIST_QUESTION,
    findStrange(answer, { certificates }) {
      const lines = parseList(answer);
      const listed = [...certificates].filter(([file]) => !isNamedFile(file));
      const isSame = lines.size === listed.length &&
        listed.every(([file, { line }]) => lines.get(file) === line);
      return isSame ? undefined : `${CERTS_LIST} is not as it should be`;
    },
  };
}

function askCertificate(file: CertificateFile): Question {
  return {
    command: certificateQuestion(file),
    findStrange(answer, { certificates }) {
      const isSame = parseFingerprint(answer) === certificates.get(file)?.fingerprint;
      return isSame ? undefined : `the certificate ${file} is not as it should be`;
    },
  };
}

function askSection(name: SectionName): Question {
  return askAbout(stateQuestion(name), new Set([name]));
}

function askSections(names: ReadonlySet<SectionName>): Question {
  return askAbout(stateQuestion(), names);
}

function askAbout(command: string, names: ReadonlySet<SectionName>): Question {
  return {
    command,
    findStrange(answer, running) {
      const reported = Map.groupBy(parseServerStates(answer), ({ section }) => section);
      const strange = [...names].find((name) => {
        const section = running.sections.get(name);
        const servers = reported.get(name) ?? [];
        // The backend was deleted with its servers.
        return section === undefined ? servers.length > 0 : !isAsReported(section, servers);
      });
      return strange === undefined ? undefined : `the servers of ${strange} are not as they should be`;
    },
  };
}

function askRow(table: TableName, key: TableKey): Question {
  return {
    command: rowQuestion(table, key),
    findStrange(answer, { tables }) {
      return isRowAsBelieved(key, answer, tables.get(table)?.get(key)) ? undefined : astray(table, key);
    },
  };
}

function askRows(table: TableName, keys: ReadonlySet<TableKey>): Question {
  return {
    command: tableQuestion(table),
    findStrange(answer, { tables }) {
      const rows = parseRows(answer);
      if (rows === undefined) return `${table} cannot be read`;
      const reported = new Map(rows.map(({ key, value }) => [key, value]));
      const strange = [...keys].find((key) => reported.get(key) !== tables.get(table)?.get(key));
      return strange === undefined ? undefined : astray(table, strange);
    },
  };
}

/** A swapped table has exactly its rows, with the changes of operations behind the swap. */
function askTable({ table, others }: TableSwap): Question {
  return {
    command: tableQuestion(table),
    findStrange(answer, { tables }) {
      const wanted = new Map([...others, ...tables.get(table) ?? []]);
      const reported = parseRows(answer);
      if (reported === undefined) return `${table} cannot be read`;
      const strange = reported.find(({ key, value }) => wanted.get(key) !== value);
      if (strange !== undefined) return astray(table, strange.key);
      return reported.length === wanted.size
        ? undefined
        : `${table} has ${reported.length} of ${wanted.size} rows`;
    },
  };
}

const astray = (table: TableName, key: TableKey): string =>
  table === HOSTS_MAP
    ? `the route ${key} does not lead where it should`
    : `the row ${key} of ${table} is not as it should be`;
