/** What `scripts/dev watch` runs for a file that was saved. */
import assert from "node:assert/strict";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { COMMANDS_OF_CASES, type Imports, importsOf, type Job, jobsFor } from "../scripts/watched_tests.ts";
import type { Answer } from "../scripts/watched_worker.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const CASES = "tests/cases/cases_test.ts";
const CHANGES = "tests/changes/changes_test.ts";
const FOLDERS = { cases: ["a_host", "b_port", "c_path"], changes: ["one_comes"] };

/** A small clone: the host is used by a key, the key by the model, and the model by what is rendered. */
const IMPORTS: Imports = new Map([
  ["lib/core/values/host.ts", []],
  ["lib/core/keys/host_key.ts", ["lib/core/values/host.ts"]],
  ["lib/core/model/model.ts", ["lib/core/keys/host_key.ts"]],
  ["lib/core/policy/pause.ts", []],
  ["lib/core/config/templates.ts", ["templates/frontend.eta"]],
  ["tests/core/values/host_test.ts", ["lib/core/values/host.ts"]],
  ["tests/core/keys/host_key_test.ts", ["lib/core/keys/host_key.ts"]],
  ["tests/core/model/model_test.ts", ["lib/core/model/model.ts"]],
  ["tests/core/model/bounds_test.ts", ["lib/core/model/model.ts"]],
  ["tests/core/policy/pause_test.ts", ["lib/core/policy/pause.ts"]],
  [CASES, ["lib/core/model/model.ts", "lib/core/config/templates.ts"]],
  [CHANGES, ["lib/core/model/model.ts", "lib/core/config/templates.ts"]],
]);

const jobs = (...saved: string[]) =>
  jobsFor(saved, IMPORTS, FOLDERS).map(({ files, names }) => names ?? files);
const HALVES = [["case: a host", "case: c path"], ["case: b port"]];

Deno.test("the tests of a saved file's own folder come first, then the others by the way to it, then what is rendered", () => {
  assert.deepEqual(jobs("lib/core/values/host.ts"), [
    ["tests/core/values/host_test.ts"],
    ["tests/core/keys/host_key_test.ts", "tests/core/model/model_test.ts"],
    [CHANGES],
    ...HALVES,
  ]);
  assert.deepEqual(jobs("lib/core/keys/host_key.ts"), [
    ["tests/core/keys/host_key_test.ts"],
    ["tests/core/model/model_test.ts"],
    [CHANGES],
    ...HALVES,
  ]);
});

Deno.test("what does not load a saved file is not run", () => {
  assert.deepEqual(jobs("lib/core/policy/pause.ts"), [["tests/core/policy/pause_test.ts"]]);
  assert.deepEqual(jobs("lib/report/nobody_loads_it.ts"), []);
});

Deno.test("a saved template runs what is rendered", () => {
  assert.deepEqual(jobs("templates/frontend.eta"), [[CHANGES], ...HALVES]);
});

Deno.test("a file in the folder of a case or of a change runs that one alone", () => {
  assert.deepEqual(jobs("tests/cases/b_port/snapshot.json"), [["case: b port"]]);
  assert.deepEqual(jobs("tests/changes/one_comes/after.json"), [["change: one comes"]]);
  assert.deepEqual(jobs("tests/cases/gone/snapshot.json"), []);
});

Deno.test("a test that takes long runs where it was saved itself, and nowhere else", () => {
  assert.deepEqual(jobs("tests/core/model/bounds_test.ts"), [["tests/core/model/bounds_test.ts"]]);
  assert.ok(!jobs("lib/core/model/model.ts").flat().includes("tests/core/model/bounds_test.ts"));
});

Deno.test("a file loads what it imports, exports or calls, and not what it takes types from", () => {
  const text = `
import assert from "node:assert/strict";
import type { A } from "./a.ts";
import { type B, type C } from "./b.ts";
import { type D, e } from "./e.ts";
import {
  f,
} from "../f.ts";
import text from "../../../templates/g.eta" with { type: "text" };
import "./h.ts";
export { i } from "./i.ts";
export type { J } from "./j.ts";
const { k } = await import("./k.ts");
`;
  assert.deepEqual(importsOf("lib/core/keys/x.ts", text), [
    "lib/core/keys/e.ts",
    "lib/core/f.ts",
    "templates/g.eta",
    "lib/core/keys/h.ts",
    "lib/core/keys/i.ts",
    "lib/core/keys/k.ts",
  ]);
});

Deno.test("cases run the commands whose files are followed, and no others", async () => {
  const text = await Deno.readTextFile(ROOT + CASES);
  const called = [...text.matchAll(/run\(\["(\w+)"/g)].map(([, command]) => command);
  assert.deepEqual(new Set(called), new Set(COMMANDS_OF_CASES));
});

Deno.test("of this clone, a parser of keys reaches keys, model, cases and changes, and a pause its own test", async () => {
  const imports = await clone();
  const titles = (saved: string) => filesOf(jobsFor([saved], imports, FOLDERS));
  const ofKey = titles("lib/core/keys/redirect_keys.ts");
  for (const place of ["tests/core/keys/", "tests/core/model/", CASES, CHANGES]) {
    assert.ok(ofKey.some((file) => file.startsWith(place)), `${place} is not there: ${ofKey}`);
  }
  assert.deepEqual(titles("lib/core/policy/backoff.ts"), ["tests/core/policy/backoff_test.ts"]);
  assert.ok(titles("templates/frontend.eta").includes(CASES));
});

Deno.test("a process answers job after job: how many tests passed, and each that failed by its name", async () => {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-watched-" });
  try {
    await Deno.writeTextFile(
      `${folder}/own_test.ts`,
      `Deno.test("holds", () => {});
       Deno.test("fails", () => Promise.reject(new Error("the reason")));`,
    );
    const own = relative(ROOT, `${folder}/own_test.ts`);
    const answers = await answersTo([
      { files: [own] },
      { files: [own], names: ["holds"] },
      { files: ["tests/gone_test.ts", own], names: ["fails"] },
    ]);
    assert.deepEqual(answers.map(({ passed }) => passed), [1, 1, 0]);
    const failed = answers.map(({ errors }) => errors.map((error) => error.split("\n", 2)));
    assert.deepEqual(failed.slice(0, 2), [[["fails", "Error: the reason"]], []]);
    assert.deepEqual(failed[2]?.map(([name]) => name), ["tests/gone_test.ts", "fails"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function answersTo(jobs: readonly Omit<Job, "title">[]): Promise<readonly Answer[]> {
  const worker = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "-A", `${ROOT}scripts/watched_worker.ts`],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = new Blob(jobs.map((job) => `${JSON.stringify(job)}\n`)).stream();
  const [{ stdout }] = await Promise.all([worker.output(), input.pipeTo(worker.stdin)]);
  return new TextDecoder().decode(stdout).trim().split("\n").map((line) => JSON.parse(line));
}

const filesOf = (list: readonly Job[]) => [...new Set(list.flatMap(({ files }) => files))];

async function clone(): Promise<Imports> {
  const imports = new Map<string, readonly string[]>();
  const read = async (folder: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(ROOT + folder)) {
      const path = `${folder}/${name}`;
      if (isDirectory) await read(path);
      else if (name.endsWith(".ts")) imports.set(path, importsOf(path, await Deno.readTextFile(ROOT + path)));
    }
  };
  for (const folder of ["lib", "tests/core", "tests/cases", "tests/changes"]) await read(folder);
  return imports;
}
