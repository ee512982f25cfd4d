/** What the documents tell people to type is there: commands, flags, labels, variables, tables. */
import assert from "node:assert/strict";
import { INTERLOCK_2_LABELS } from "../../lib/core/labels/interlock2.ts";
import { TABLES, withTables } from "../../scripts/tables.ts";
import { documents, manual, read, ROOT } from "./documents.ts";
import { codeOf, commands, problemsOf } from "./words.ts";

const PAGES = ["README.md", ...await manual()];

for (const path of Object.keys(TABLES)) {
  Deno.test(`the tables of ${path} are what the code has`, async () => {
    const text = await read(path);
    assert.equal(text, withTables(path, text), "deno run -A scripts/tables.ts writes them");
  });
}

for (const path of [...PAGES, "CONTRIBUTING.md"]) {
  Deno.test(`each command, flag, label and variable that ${path} names is there`, async () => {
    const usage = await read("scripts/dev");
    assert.deepEqual(codeOf(await read(path)).flatMap((line) => problemsOf(line, usage)), []);
  });
}

Deno.test("a command, flag, label or variable that is not there would be found", () => {
  const usage = "  scripts/dev demo [--once]";
  const wrong = [
    "signalbox walk",
    "docker exec box signalbox status --loud",
    "sudo signalbox run --nope",
    "--nope",
    "docker run --label interlock.hostnam=a.example IMAGE",
    "SIGNALBOX_NOPE=1 signalbox run",
    "scripts/dev sing",
    "scripts/dev demo --twice",
  ];
  for (const line of wrong) assert.equal(problemsOf(line, usage).length, 1, line);
  const right = [
    "sudo signalbox status --json | jq .",
    "docker run -d --init signalbox",
    "docker run --label interlock.api.hostname=a.example --label interlock.alias_domain.1=b.example IMAGE",
    "SIGNALBOX_HTTP_PORT=81 signalbox run",
    "scripts/dev demo --once",
  ];
  for (const line of right) assert.deepEqual(problemsOf(line, usage), []);
});

Deno.test("the pages show every command of the program", async () => {
  const code = (await Promise.all(PAGES.map(async (path) => codeOf(await read(path)).join("\n")))).join("\n");
  assert.deepEqual([...commands.keys()].filter((name) => !code.includes(`signalbox ${name}`)), []);
});

Deno.test("each metric that a page names is there", async () => {
  const code = (await Promise.all(["lib/report/metrics.ts"].map(read))).join("\n");
  const named = (await Promise.all((await documents()).map(read))).flatMap((text) =>
    [...text.matchAll(/`(signalbox_\w+)/g)].map((match) => match[1] ?? "")
  );
  assert.deepEqual(named.filter((name) => !code.includes(`"${name}"`)), []);
  assert.ok(named.length > 0);
});

Deno.test("README and ARCHITECTURE can be read in one sitting", async () => {
  for (const path of ["README.md", "ARCHITECTURE.md"]) {
    assert.ok((await read(path)).split("\n").length - 1 <= 150, `${path} has more than 150 lines`);
  }
});

Deno.test("each room of the code is in the map", async () => {
  const rows = [...(await read("ARCHITECTURE.md")).matchAll(/^\| (\w+) \|/gm)].map((match) => match[1] ?? "");
  const rooms: string[] = [];
  for (const folder of ["lib", "lib/core"]) {
    for await (const { name, isDirectory } of Deno.readDir(ROOT + folder)) if (isDirectory) rooms.push(name);
  }
  assert.deepEqual(rooms.filter((room) => !rows.includes(room)), []);
});

Deno.test("each label of Interlock 2 has a row that says what it is here", async () => {
  const rows = (await read("docs/interlock.md")).split("\n").filter((line) => line.startsWith("| `"));
  const named = rows.flatMap((row) => row.split("|")[1]?.match(/`[a-z0-9_]+`/g) ?? []);
  for (const label of INTERLOCK_2_LABELS) assert.ok(named.includes(`\`${label}\``), label);
  const cases = [...Deno.readDirSync(`${ROOT}tests/cases`)].filter(({ isDirectory }) => isDirectory);
  const snapshots = cases.map(({ name }) =>
    Deno.readTextFileSync(`${ROOT}tests/cases/${name}/snapshot.json`)
  );
  const untried = INTERLOCK_2_LABELS.filter((label) =>
    !snapshots.some((text) => text.includes(`"com.docker.lb.${label}"`))
  );
  assert.deepEqual(untried, [], "each is in a case");
});

Deno.test("the glossary explains each word once", async () => {
  const [, glossary = ""] = /^## The words\n([\s\S]*?)^## /m.exec(await read("ARCHITECTURE.md")) ?? [];
  const rows = [...glossary.matchAll(/^\| ([a-z][^|]*) \| [^|]+ \|$/gm)].map((match) => match[1] ?? "");
  const words = rows.flatMap((row) => row.split(/[,;] /)).filter((word) => word !== "word");
  assert.deepEqual(words.filter((word, at) => words.indexOf(word) !== at), []);
  for (const word of ["believed", "drain", "design"]) assert.ok(words.includes(word), word);
});

Deno.test("the changelog has the form of Keep a Changelog", async () => {
  const text = await read("CHANGELOG.md");
  const headings = [...text.matchAll(/^## (.+)$/gm)].map((match) => match[1] ?? "");
  assert.equal(headings[0], "Unreleased");
  assert.deepEqual(headings.slice(1).filter((heading) => !/^\d+\.\d+\.\d+/.test(heading)), []);
  const kinds = [...text.matchAll(/^### (.+)$/gm)].map((match) => match[1] ?? "");
  const known = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];
  assert.deepEqual(kinds.filter((kind) => !known.includes(kind)), []);
});

Deno.test("each template is on the page about templates", async () => {
  const page = await read("docs/templates.md");
  const files: string[] = [];
  for await (const { name } of Deno.readDir(`${ROOT}templates`)) if (name.endsWith(".eta")) files.push(name);
  assert.deepEqual(files.filter((name) => !page.includes(`\`${name}\``)), []);
});
