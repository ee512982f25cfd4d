/** What the documents tell people to type is there: commands, flags, labels, variables, tables. */
import assert from "node:assert/strict";
import { TABLES, withTables } from "../../scripts/tables.ts";
import { documents, manual, read } from "./documents.ts";
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
