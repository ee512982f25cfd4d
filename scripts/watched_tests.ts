/** Which tests a saved file can break, the nearest first. Paths are relative to the root of the clone. */

/** Tests that one process runs, in the order of the list. */
export interface Job {
  /** What they are about, in words. */
  readonly title: string;
  readonly files: readonly string[];
  /** The names of the tests to run, where those are not all tests of the files. */
  readonly names?: readonly string[];
}

/** Each file with those that it loads. */
export type Imports = ReadonlyMap<string, readonly string[]>;

const CASES = "tests/cases/cases_test.ts";
const CHANGES = "tests/changes/changes_test.ts";

/** These look through thousands of inputs. A save breaks hardly ever one of them alone: `scripts/dev test` runs them. */
const SLOW =
  /\/(?:fuzz|bounds|build_model|long_texts|lookups|plan_tables|schedule|slips|untried_hosts)_test\.ts$/;

/** The commands that a case runs. The program loads each command when it is called. */
export const COMMANDS_OF_CASES: readonly string[] = ["render", "explain"];

/** The files of the clone that a file loads when it runs: what it takes types from alone is not among them. */
export function importsOf(path: string, text: string): readonly string[] {
  const found = [...text.matchAll(
    /^(?:import|export)\s+(?!type\b)(?:[^"';]*?\bfrom\s+)?"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/gm,
  )];
  return found.filter(([statement]) => !takesTypesAlone(statement))
    .map(([, fixed, called]) => fixed ?? called ?? "")
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => new URL(specifier, `file:///${path}`).pathname.slice(1))
    .filter((target) => !isUncalledCommand(target));
}

function takesTypesAlone(statement: string): boolean {
  const names = /\{([^}]*)\}\s*from/.exec(statement)?.[1]?.split(",").map((name) => name.trim()) ?? [];
  return names.some((name) => name !== "") && !/^(?:import|export)\s+\w/.test(statement) &&
    names.every((name) => name === "" || name.startsWith("type "));
}

function isUncalledCommand(path: string): boolean {
  const command = /^lib\/cli\/commands\/(\w+)\.ts$/.exec(path)?.[1];
  return command !== undefined && !COMMANDS_OF_CASES.includes(command);
}

/** What to run for files that were saved, the nearest first; `folders` are those of the cases and changes. */
export function jobsFor(
  saved: readonly string[],
  imports: Imports,
  folders: { readonly cases: readonly string[]; readonly changes: readonly string[] },
): readonly Job[] {
  const distances = distancesTo(saved, imports);
  const core = [...imports.keys()].filter((path) => isWatchedTest(path, saved) && distances.has(path))
    .sort((a, b) => (distances.get(a) ?? 0) - (distances.get(b) ?? 0) || (a < b ? -1 : 1));
  const rooms = new Set(saved.map(roomOf));
  const near = core.filter((path) => rooms.has(roomOf(path)));
  const rest = core.filter((path) => !near.includes(path));
  const cases = folders.cases.map((folder) => ({
    path: `tests/cases/${folder}/`,
    name: nameOf("case", folder),
  }));
  const changes = folders.changes.map((folder) => ({
    path: `tests/changes/${folder}/`,
    name: nameOf("change", folder),
  }));
  const namesIn = (list: typeof cases) =>
    list.filter(({ path }) => saved.some((file) => file.startsWith(path))).map(({ name }) => name);
  const namesOf = (list: typeof cases) => list.map(({ name }) => name);
  const jobs: readonly Job[] = [
    { title: "saved cases", files: [CASES], names: namesIn(cases) },
    { title: "saved changes", files: [CHANGES], names: namesIn(changes) },
    { title: rooms.size > 3 ? "the core" : [...new Set(near.map(roomOf))].join(", "), files: near },
    { title: "the rest of the core", files: rest },
    ...distances.has(CHANGES) ? [{ title: "changes", files: [CHANGES] }] : [],
    ...distances.has(CASES)
      ? halves(namesOf(cases)).map((names) => ({ title: "cases, a half", files: [CASES], names }))
      : [],
  ];
  return jobs.filter(({ files, names }) => files.length > 0 && names?.length !== 0);
}

/** How cases_test.ts and changes_test.ts call the test of a folder. */
function nameOf(kind: "case" | "change", folder: string): string {
  return `${kind}: ${folder.replaceAll("_", " ")}`;
}

/** Every second one, and the others: two processes take half as long. */
function halves(names: readonly string[]): readonly (readonly string[])[] {
  return [0, 1].map((half) => names.filter((_, at) => at % 2 === half));
}

function isWatchedTest(path: string, saved: readonly string[]): boolean {
  if (!path.startsWith("tests/core/") || !path.endsWith("_test.ts")) return false;
  return !SLOW.test(path) || saved.includes(path);
}

/** `core/keys` for what lies in lib/core/keys and in tests/core/keys; others have none in common with a test. */
function roomOf(path: string): string {
  const [, room] = /^(?:lib|tests)\/(core\/[^/]+)\/.+$/.exec(path) ?? [];
  return room ?? path;
}

/** Over how many imports each file reaches a saved one; what does not reach any is not among them. */
function distancesTo(saved: readonly string[], imports: Imports): ReadonlyMap<string, number> {
  const importers = new Map<string, string[]>();
  for (const [path, targets] of imports) {
    for (const target of targets) importers.set(target, [...importers.get(target) ?? [], path]);
  }
  const distances = new Map(saved.map((path) => [path, 0]));
  // A map goes on with what is added while it is walked: nearer ones always come first.
  for (const [path, distance] of distances) {
    for (const importer of importers.get(path) ?? []) {
      if (!distances.has(importer)) distances.set(importer, distance + 1);
    }
  }
  return distances;
}
