import type { Running } from "./running.ts";
import { MAP, type Operation, type SectionName } from "../runtime/operation.ts";
import { isAsReported, parseRoutes, parseServerStates, stateQuestion } from "./survey.ts";

/** What is asked in the same breath as commands are sent, to see whether they did what their answers say. */
export type Confirmation = {
  readonly questions: readonly string[];
  readonly sections: readonly SectionName[];
  /** Keys of hosts.map. */
  readonly keys: readonly string[];
};

/** More sections than this are asked for in one question. */
const MANY_SECTIONS = 8;
/** For more keys than this the whole map is asked for. */
const MANY_KEYS = 64;

const WHOLE_MAP = `show map ${MAP}`;

/** What to ask about everything that the operations touch. */
export function confirmationOf(operations: readonly Operation[]): Confirmation {
  const sections = new Set<SectionName>();
  const keys = new Set<string>();
  for (const operation of operations) {
    if ("server" in operation) sections.add(operation.section);
    if ("key" in operation) keys.add(operation.key);
  }
  const states = sections.size > MANY_SECTIONS ? [stateQuestion()] : [...sections].map(stateQuestion);
  const entries = keys.size > MANY_KEYS ? [WHOLE_MAP] : [...keys].map((key) => `get map ${MAP} ${key}`);
  return { questions: [...states, ...entries], sections: [...sections], keys: [...keys] };
}

/** What HAProxy does not have as it should after the operations, from the answers to the questions; for people. */
export function findStrange(
  { questions, sections, keys }: Confirmation,
  answers: readonly string[],
  running: Running,
): string | undefined {
  const isWhole = questions.at(-1) === WHOLE_MAP;
  const states = questions.length - (isWhole ? 1 : keys.length);
  const reported = Map.groupBy(answers.slice(0, states).flatMap(parseServerStates), ({ section }) => section);
  const strange = sections.find((name) => {
    const section = running.sections.get(name);
    const servers = reported.get(name) ?? [];
    // A backend that was deleted with its servers has none.
    return section === undefined ? servers.length > 0 : !isAsReported(section, servers);
  });
  if (strange !== undefined) return `the servers of ${strange} are not as they should be`;
  const map = isWhole ? parseRoutes(answers[states] ?? "") : undefined;
  const entries = new Map(map?.map(({ key, section }) => [key, section]));
  const astray = keys.find((key, at) => {
    const believed = running.routes.get(key);
    return isWhole
      ? map === undefined || entries.get(key) !== believed
      : !isAsBelieved(key, answers[states + at] ?? "", believed);
  });
  return astray === undefined ? undefined : `the route ${astray} does not lead where it should`;
}

/**
 * Whether a key leads where it should by the answer to `get map` (management guide, section 9.3): a line for each way of
 * matching, which may tell of a shorter key that fits. Where a list is looked through, as for a user's own template, that
 * may hide the key, and is left to the audit.
 */
function isAsBelieved(key: string, answer: string, believed: SectionName | undefined): boolean {
  const lines = answer.split("\n").filter((line) => line.trim() !== "").map((line) => {
    const [, index, found, section] = /, idx=([a-z]+), key="([^"]*)", value="([^"]*)"/.exec(line) ?? [];
    return { line, index, found, section };
  });
  const own = lines.filter(({ found }) => found === key);
  if (own.length > 0) return own.every(({ section }) => section === believed);
  if (lines.some(({ index }) => index === "list")) return true;
  const isAbsent = lines.length > 0 &&
    lines.every(({ line, found }) => found !== undefined || /, (?:found|match)=no\s*$/.test(line));
  return isAbsent && believed === undefined;
}
