/** What the house's plan asks of every file, proved: which room may import which, how long a file may be, and so on. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Files that are tables, which are longer because they have more rows, not because they do more. */
const TABLES = new Map([
  ["lib/core/settings/settings.ts", "one row for each setting"],
]);
const LONGEST_FILE = 300;
/** Lines of a function that can be seen at once. */
const LONGEST_FUNCTION = 70;

/** The rooms of lib, and what each may import from the others. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  core: ["templates"],
  ports: ["core"],
  clock: ["ports", "core"],
  machine: ["ports", "core"],
  version: ["deno.json"],
  docker: ["core", "ports", "clock"],
  haproxy: ["core", "ports", "clock"],
  report: ["core", "ports", "clock", "version"],
  certificates: ["core", "ports", "clock"],
  probe: ["core", "ports", "clock"],
  acme: ["core", "ports", "clock"],
  apply: ["core", "ports"],
  loop: ["core", "ports", "version", "apply"],
  cli: [
    "core",
    "ports",
    "clock",
    "machine",
    "version",
    "docker",
    "haproxy",
    "report",
    "probe",
    "acme",
    "certificates",
    "loop",
    "apply",
  ],
  main: ["cli"],
};

/** The rooms of the core in the order of the flow: each may import from those before it. */
const CORE_ROOMS = [
  "values",
  "certificates",
  "snapshot",
  "keys",
  "labels",
  "settings",
  "model",
  "acme",
  "runtime",
  "config",
  "request",
  "state",
  "plan",
  "status",
  "policy",
];

/** The rooms within other rooms, likewise; what lies in none of them puts them together, and may import each. */
const INNER_ROOMS: Readonly<Record<string, readonly string[]>> = {
  docker: ["api", "file", "compose", "follow"],
  haproxy: ["socket", "process", "files"],
};

/** Packages that only one room may know. */
const PACKAGES: Readonly<Record<string, string>> = {
  "commander": "cli",
  "dockerode": "docker",
  "yaml": "docker",
  "pino": "report",
  "eta": "core",
  "eta/core": "core",
};

type Source = { readonly path: string; readonly text: string; readonly imports: readonly string[] };

async function sources(folder: string): Promise<Source[]> {
  const found: Source[] = [];
  for await (const { name, isDirectory } of Deno.readDir(ROOT + folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) found.push(...await sources(path));
    else if (name.endsWith(".ts")) found.push(await source(path));
  }
  return found.sort((a, b) => a.path < b.path ? -1 : 1);
}

async function source(path: string): Promise<Source> {
  const text = await Deno.readTextFile(ROOT + path);
  const imports = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1] ?? "");
  return { path, text, imports };
}

/** The room of a file: its folder in lib, or its own name for what lies in lib itself. */
function roomOf(path: string): string {
  if (path === "main.ts") return "main";
  const [first = "", second = ""] = path.split("/");
  if (first !== "lib") return first;
  if (!second.endsWith(".ts")) return second;
  return second.slice(0, -".ts".length);
}

/** A relative import as a path from the root. */
function resolve(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

/** The text without its comments and without what stands in quotes, but for templates. */
function codeOf(text: string): string {
  return text.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '""');
}

const lib = [...await sources("lib"), await source("main.ts")];

Deno.test("imports run one way, and the rooms of the world do not see one another", () => {
  const wrong = lib.flatMap(({ path, imports }) => {
    const room = roomOf(path);
    assert.ok(Object.hasOwn(ROOMS, room), `${path} is in no room that is known`);
    const targets = imports.filter((specifier) => specifier.startsWith(".")).map((each) =>
      resolve(path, each)
    );
    return targets.filter((target) => roomOf(target) !== room && !ROOMS[room]?.includes(roomOf(target)))
      .map((target) => `${path} imports ${target}`);
  });
  assert.deepEqual(wrong, []);
});

Deno.test("within the core, imports lead to rooms that come before in the flow", () => {
  const placeOf = (path: string) => CORE_ROOMS.indexOf(path.split("/")[2] ?? "");
  const core = lib.filter(({ path }) => roomOf(path) === "core");
  assert.deepEqual(core.filter(({ path }) => placeOf(path) < 0).map(({ path }) => path), []);
  const wrong = core.flatMap(({ path, imports }) =>
    imports.filter((each) => each.startsWith(".")).map((each) => resolve(path, each))
      .filter((target) => target.startsWith("lib/core/") && placeOf(target) > placeOf(path))
      .map((target) => `${path} imports ${target}`)
  );
  assert.deepEqual(wrong, []);
  assert.deepEqual(new Set(core.map(({ path }) => path.split("/")[2])), new Set(CORE_ROOMS));
});

Deno.test("within a room of the world, imports lead to inner rooms that come before", () => {
  for (const [room, inner] of Object.entries(INNER_ROOMS)) {
    const placeOf = (path: string) => {
      const [, , folder = "", file] = path.split("/");
      return file === undefined ? inner.length : inner.indexOf(folder);
    };
    const files = lib.filter(({ path }) => roomOf(path) === room);
    assert.deepEqual(files.filter(({ path }) => placeOf(path) < 0).map(({ path }) => path), []);
    const wrong = files.flatMap(({ path, imports }) =>
      imports.filter((each) => each.startsWith(".")).map((each) => resolve(path, each))
        .filter((target) => roomOf(target) === room && placeOf(target) > placeOf(path))
        .map((target) => `${path} imports ${target}`)
    );
    assert.deepEqual(wrong, []);
  }
});

Deno.test("no imports go round in a circle", () => {
  const targets = new Map(
    lib.map(({ path, imports }) => [
      path,
      imports.filter((each) => each.startsWith(".")).map((each) => resolve(path, each)),
    ]),
  );
  const circles: string[] = [];
  const finished = new Set<string>();
  const visit = (path: string, way: readonly string[]) => {
    if (way.includes(path)) return void circles.push([...way.slice(way.indexOf(path)), path].join(" > "));
    if (finished.has(path)) return;
    for (const target of targets.get(path) ?? []) visit(target, [...way, path]);
    finished.add(path);
  };
  for (const path of targets.keys()) visit(path, []);
  assert.deepEqual(circles, []);
});

Deno.test("no function is longer than a screen", () => {
  const long = lib.flatMap(({ path, text }) => {
    const lines = text.split("\n");
    return lines.flatMap((line, at) => {
      const indent = /^( *)(?!(?:for|if|while|switch|catch|return|else)\b).*\)[^()=]*(?:=> )?\{$/.exec(line)
        ?.[1];
      if (indent === undefined) return [];
      const end = lines.findIndex((other, below) => below > at && new RegExp(`^${indent}\\}`).test(other));
      // Parameters on lines of their own are a part of it.
      const start = line.startsWith(`${indent})`)
        ? lines.findLastIndex((other, above) => above < at && new RegExp(`^${indent}[^ )]`).test(other))
        : at;
      const length = end - start + 1;
      return length > LONGEST_FUNCTION ? [`${path}:${start + 1} has ${length} lines`] : [];
    });
  });
  assert.deepEqual(long, []);
});

Deno.test("the rooms are found, so that their rules are not kept by nobody", () => {
  assert.deepEqual(new Set(lib.map(({ path }) => roomOf(path))), new Set(Object.keys(ROOMS)));
});

Deno.test("a package that belongs to one room is imported there alone", () => {
  const wrong = lib.flatMap(({ path, imports }) =>
    imports.filter((name) => Object.hasOwn(PACKAGES, name) && PACKAGES[name] !== roomOf(path))
      .map((name) => `${path} imports ${name}`)
  );
  assert.deepEqual(wrong, []);
  const imported = new Set(lib.flatMap(({ imports }) => imports));
  assert.ok(["commander", "dockerode"].every((name) => imported.has(name)));
});

Deno.test("the core is pure: no world, no clock, no chance, no timer", () => {
  const impure =
    /\bDeno\.|\bconsole\.|\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bset(?:Timeout|Interval)\b|\bcrypto\.|\bperformance\.|\bfetch\(|\bprocess\./;
  for (const { path, text, imports } of lib) {
    if (roomOf(path) !== "core") continue;
    assert.doesNotMatch(codeOf(text), impure, path);
    assert.deepEqual(imports.filter((name) => name.startsWith("node:")), [], path);
  }
});

Deno.test("what the core remembers is an object that is handed to it: its modules keep nothing but constants", () => {
  const kept =
    /^(?:export )?(?:(?:let|var) |const \w+(?:: (?:Weak)?(?:Map|Set)<.*)? = new (?:Weak)?(?:Map|Set)\b|const .*\bWeak(?:Map|Set)\b).*/gm;
  const wrong = lib.filter(({ path }) => roomOf(path) === "core").flatMap(({ path, text }) =>
    [...text.matchAll(kept)].map(([line]) => `${path}: ${line}`)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("time and chance come from the clock's ports alone, which tests hold in their hands", () => {
  const raw =
    /\b(?:set|clear)(?:Timeout|Interval|Immediate)\b|\bperformance\.|\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bAbortSignal\.timeout\b|\bstdTimeFunctions\b/;
  const wrong = lib.filter(({ path, text }) => path !== "lib/clock.ts" && raw.test(codeOf(text)));
  assert.deepEqual(wrong.map(({ path }) => path), []);
});

Deno.test("every export says in a sentence what it is", () => {
  const bare = lib.flatMap(({ path, text }) => {
    const lines = text.split("\n");
    const exports = lines.flatMap((line, at) => /^export (?!\{|\*)/.test(line) ? [at] : []);
    return exports.filter((at) => !/\*\/$/.test(lines[at - 1] ?? "")).map((at) =>
      `${path}:${at + 1}: ${lines[at]}`
    );
  });
  assert.deepEqual(bare, []);
});

Deno.test("no file is longer than can be read at once, but for tables", () => {
  const long = lib.filter(({ text }) => text.split("\n").length - 1 > LONGEST_FILE).map(({ path }) => path);
  assert.deepEqual(long.filter((path) => !TABLES.has(path)), []);
  assert.deepEqual(
    [...TABLES.keys()].filter((path) => !long.includes(path)),
    [],
    "no longer long: take it off the list",
  );
});

Deno.test("asked is a reload that somebody wants, and no other thing in the code has that name", () => {
  const reloads = /^lib\/(?:apply\/(?:load_request|reload)|core\/plan\/force_reload)\.ts$/;
  const wrong = lib.filter(({ path }) => !reloads.test(path)).flatMap(({ path, text }) =>
    [...codeOf(text.replace(/`[^`]*`/g, "")).matchAll(/#?\b\w*(?<![mM])[aA]sked\w*/g)].map(([name]) =>
      `${path}: ${name}`
    )
  );
  assert.deepEqual(wrong, [], "requested, probed, sent, said, wanted …");
});

Deno.test("nothing is left for later in a comment", async () => {
  const all = [...lib, ...await sources("scripts"), ...await sources("tests")];
  const mark = new RegExp(`\\b(?:${["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].join("|")})\\b`);
  assert.deepEqual(all.filter(({ text }) => mark.test(text)).map(({ path }) => path), []);
});

/** Where time itself is the matter, or the limit of a wait; a folder ends with a slash. */
const TIMED = new Map([
  ["tests/clock_test.ts", "the real clock, and its shortest pauses"],
  ["tests/acme/agent_stage.ts", "clocks that go faster, and that are moved"],
  ["tests/bench/", "measures how long things take, and says how fast to ask"],
  ["tests/harness/eventually.ts", "waits for every condition, up to a limit"],
  ["tests/harness/program.ts", "limits how long a program may take to say something, or to end"],
  ["tests/harness/images/witness.ts", "a container that is as slow as it is told to be"],
  ["tests/docker/fake_engine.ts", "an engine stamps its events with the time"],
  ["tests/docker/fake_swarm.ts", "a clock whose pauses are short"],
  ["tests/docker/follow/watched_hosts_test.ts", "a clock whose pauses are short"],
  ["tests/probe/network_prober_test.ts", "a clock whose pauses are short"],
  ["tests/haproxy/stage.ts", "waits for as long as a reload is put off"],
  ["tests/haproxy/trickle.ts", "a service that is as slow as it can be"],
  ["tests/haproxy/echo.ts", "limits how long an answer may take"],
  ["tests/faults/clock_test.ts", "compares a clock that jumps with the machine's"],
  ["tests/live/changes_test.ts", "asks at a pace, whatever becomes of the requests before"],
  ["tests/live/engine_crash_test.ts", "asks at a pace where nobody answers"],
  ["tests/live/chaos_test.ts", "lasts as long as it is told to"],
  ["tests/live/page_many_test.ts", "how soon a browser shows what it is told"],
  ["tests/live/swarm_load.ts", "asks at a pace, for minutes, and tells how long requests took"],
  ["tests/live/told_page.ts", "stamps events, and dates certificates that are valid for some days"],
  ["tests/live/chaos_faults.ts", "notes when a fault began and ended"],
]);

Deno.test("no test looks at a clock, waits for a fixed time or counts turns of the event loop", async () => {
  const time =
    /\bset(?:Timeout|Interval|Immediate)\b|\bperformance\.|\bDate\.now\b|\bnew Date\(\)|\bdelay\(|\bsystemClock\.(?:now|date|after|sleep)\b|\b[sS]leep\([0-9]|\bawait Promise\.resolve\(\)/;
  const timed = (await sources("tests")).filter(({ path, text }) =>
    path !== "tests/tidy_test.ts" && time.test(codeOf(text))
  ).map(({ path }) => path);
  const isExcused = (path: string) =>
    [...TIMED.keys()].some((place) => path === place || (place.endsWith("/") && path.startsWith(place)));
  assert.deepEqual(timed.filter((path) => !isExcused(path)), []);
  const needless = [...TIMED.keys()].filter((place) => !timed.some((path) => path.startsWith(place)));
  assert.deepEqual(needless, [], "no clock there any more: take it off the list");
});

Deno.test("tests wait for events and notices by their fields, and none looks for the word of a level", async () => {
  const all = (await sources("tests")).filter(({ path }) => path !== "tests/tidy_test.ts");
  const inLive = /\bwaitForLine\(/;
  const anywhere = /\bwaitForLine\(\s*(?:\/|new RegExp)|\bstage[.]says\(\s*\w+,\s*(?:\/|new RegExp)/;
  const words = /\/(?:\^)?(?:warn|warning|error)\/i?/i;
  const prose = all.filter(({ path, text }) =>
    anywhere.test(text) || (path.startsWith("tests/live/") && inLive.test(text))
  );
  const levels = all.filter(({ text }) => words.test(text));
  assert.deepEqual(
    [...prose, ...levels].map(({ path }) => path),
    [],
    "waitForEntry, or the witness's troubles",
  );
});
