/** What the documents say is there: tables, commands, flags, links and files. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { buildProgram } from "../lib/cli/program.ts";
import { systemTerminal } from "../lib/cli/terminal.ts";
import { withTables } from "../scripts/tables.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const DOCUMENTS = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"];

const read = (path: string): Promise<string> => Deno.readTextFile(ROOT + path);

const program = buildProgram(systemTerminal, () => {});
const commands = new Map(program.commands.map((command) => [command.name(), flagsOf(command)]));
const everyFlag = new Set([...commands.values()].flatMap((flags) => [...flags]));

function flagsOf(command: Command): ReadonlySet<string> {
  const help = command.helpInformation();
  return new Set([...help.matchAll(/^ +(?:-\w, )?(--[a-z-]+)/gm)].map((match) => match[1] ?? ""));
}

/** What a document tells people to run: each line of shell, what systemd starts, and what stands between backticks. */
function codeOf(text: string): string[] {
  const fences = [...text.matchAll(/^ *```(\w*)\n([\s\S]*?)^ *```$/gm)];
  const isRun = (language: string, line: string) => language === "sh" || line.startsWith("ExecStart=");
  const lines = fences.flatMap(([, language = "", body = ""]) =>
    body.replaceAll("\\\n", " ").split("\n").filter((line) => isRun(language, line))
  );
  const prose = fences.reduce((rest, match) => rest.replace(match[0], ""), text);
  return [...lines, ...[...prose.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "")];
}

/** The single commands of a line of shell, without its comment, as words. */
function callsIn(line: string): string[][] {
  const shell = line.replace(/(?:^|\s)#.*$/, "");
  return shell.split(/\|\||&&|[|;()<>]/).map((part) => part.trim().split(/\s+/)).filter(([first]) =>
    first !== ""
  );
}

/** What is wrong with how a line calls signalbox or scripts/dev, or with a flag that stands alone. */
function problemsOf(line: string, devUsage: string): string[] {
  return callsIn(line).flatMap((words) => {
    const at = words.findLastIndex((word) => /(?:^|[/=])signalbox$/.test(word));
    const [name = "", ...rest] = at < 0 ? [] : words.slice(at + 1);
    if (/^[a-z]+$/.test(name)) return problemsOfCall(name, rest, line);
    if (words[0] === "scripts/dev" && words[1] !== undefined) return problemsOfDev(words, devUsage, line);
    const isAlone = words[0]?.startsWith("--") === true;
    const flag = words[0]?.replace(/[=,].*$/, "") ?? "";
    return isAlone && !everyFlag.has(flag) && flag !== "--version" ? [`${line}: no command has ${flag}`] : [];
  });
}

function problemsOfCall(name: string, words: readonly string[], line: string): string[] {
  const flags = commands.get(name);
  if (flags === undefined) return [`${line}: there is no command ${name}`];
  const unknown = words.filter((word) => word.startsWith("--") && !flags.has(word));
  return unknown.map((word) => `${line}: ${name} has no ${word}`);
}

function problemsOfDev([, name = "", ...words]: readonly string[], usage: string, line: string): string[] {
  const described = usage.split("\n").find((each) => each.trim().startsWith(`scripts/dev ${name}`));
  if (described === undefined) return [`${line}: scripts/dev has no ${name}`];
  const unknown = words.filter((word) => word.startsWith("--") && !usage.includes(word));
  return unknown.map((word) => `${line}: scripts/dev ${name} has no ${word}`);
}

/** The anchor that a heading has where Markdown is shown. */
function anchorOf(heading: string): string {
  return heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").trim().replaceAll(" ", "-");
}

const exists = (path: string): Promise<boolean> => Deno.stat(ROOT + path).then(() => true, () => false);

Deno.test("the README's tables are what the code has", async () => {
  const text = await read("README.md");
  assert.equal(text, withTables(text), "deno run -A scripts/tables.ts writes them");
});

Deno.test("each command and flag that the README names is in the help", async () => {
  const usage = await read("scripts/dev");
  const problems = codeOf(await read("README.md")).flatMap((line) => problemsOf(line, usage));
  assert.deepEqual(problems, []);
});

Deno.test("a command or flag that is not there would be found", () => {
  const usage = "  scripts/dev demo [--once]";
  const wrong = [
    "signalbox walk",
    "docker exec box signalbox status --loud",
    "sudo signalbox run --nope",
    "--nope",
  ];
  for (const line of [...wrong, "scripts/dev sing", "scripts/dev demo --twice"]) {
    assert.equal(problemsOf(line, usage).length, 1, line);
  }
  const right = [
    "sudo signalbox status --json | jq .",
    "docker run -d --init signalbox",
    "scripts/dev demo --once",
  ];
  for (const line of right) assert.deepEqual(problemsOf(line, usage), []);
});

Deno.test("the README shows every command of the program", async () => {
  const code = codeOf(await read("README.md")).join("\n");
  const missing = [...commands.keys()].filter((name) => !code.includes(`signalbox ${name}`));
  assert.deepEqual(missing, []);
});

for (const document of DOCUMENTS) {
  Deno.test(`relative links of ${document} lead somewhere`, async () => {
    const prose = (await read(document)).replace(/^ *```[\s\S]*?^ *```$/gm, "");
    const broken: string[] = [];
    for (const [, target = ""] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      // What leaves the repository is a page of the place where it is hosted.
      if (/^[a-z]+:/.test(target) || target.startsWith("../")) continue;
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? document : path;
      if (!await exists(file)) broken.push(target);
      else if (anchor !== undefined) {
        const headings = [...(await read(file)).matchAll(/^#+ (.+)$/gm)].map((match) =>
          anchorOf(match[1] ?? "")
        );
        if (!headings.includes(anchor)) broken.push(target);
      }
    }
    assert.deepEqual(broken, []);
  });

  Deno.test(`the files that ${document} names are there`, async () => {
    const spans = [...(await read(document)).matchAll(/`((?:lib|tests|scripts|templates)\/[\w./-]*)`/g)];
    const names = new Set(spans.map((match) => match[1] ?? ""));
    const missing: string[] = [];
    for (const name of names) if (!await exists(name)) missing.push(name);
    assert.deepEqual(missing, []);
  });
}
