import type { Running } from "./running.ts";
import { MAP, type Operation, type SectionName } from "./runtime_command.ts";
import { isAsReported, parseServerStates, stateQuestion } from "./survey.ts";

/** What is asked in the same breath as commands are sent, to see whether they did what their answers say. */
export type Confirmation = {
  readonly questions: readonly string[];
  readonly sections: readonly SectionName[];
  /** Keys of hosts.map. */
  readonly keys: readonly string[];
};

/** More sections than this are asked for in one question. */
const MANY_SECTIONS = 8;
/** More keys than this are left to the audit: an answer for each would cost more than the commands did. */
const MANY_KEYS = 64;

/** What to ask about everything that the operations touch. */
export function confirmationOf(operations: readonly Operation[]): Confirmation {
  const sections = new Set<SectionName>();
  const keys = new Set<string>();
  for (const operation of operations) {
    if ("server" in operation) sections.add(operation.section);
    if ("key" in operation && keys.size < MANY_KEYS) keys.add(operation.key);
  }
  const states = sections.size > MANY_SECTIONS ? [stateQuestion()] : [...sections].map(stateQuestion);
  const entries = [...keys].map((key) => `get map ${MAP} ${key}`);
  return { questions: [...states, ...entries], sections: [...sections], keys: [...keys] };
}

/** What HAProxy does not have as it should after the operations, from the answers to the questions; for people. */
export function findStrange(
  { questions, sections, keys }: Confirmation,
  answers: readonly string[],
  running: Running,
): string | undefined {
  const states = questions.length - keys.length;
  const reported = Map.groupBy(answers.slice(0, states).flatMap(parseServerStates), ({ section }) => section);
  const strange = sections.find((name) => {
    const section = running.sections.get(name);
    const servers = reported.get(name) ?? [];
    // A backend that was deleted with its servers has none.
    return section === undefined ? servers.length > 0 : !isAsReported(section, servers);
  });
  if (strange !== undefined) return `the servers of ${strange} are not as they should be`;
  const astray = keys.find((key, at) =>
    readEntry(key, answers[states + at] ?? "") !== running.routes.get(key)
  );
  return astray === undefined ? undefined : `the route ${astray} does not lead where it should`;
}

/** Where a key leads by the answer to `get map` (management guide, section 9.3), which may tell of a shorter key that fits. */
function readEntry(key: string, answer: string): SectionName | undefined {
  const [, found, section] = /, key="([^"]*)", value="([^"]*)"/.exec(answer) ?? [];
  if (found === key) return section;
  const isAbsent = found !== undefined || /, (?:found|match)=no\s*$/.test(answer);
  return isAbsent ? undefined : "an answer that is not known";
}
