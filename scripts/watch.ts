/** At each save: the tests that what was saved can break, the nearest first, without the type check. */
import { fileURLToPath } from "node:url";
import { type Imports, importsOf, type Job, jobsFor } from "./watched_tests.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const FOLDERS = ["lib", "templates", "tests/core", "tests/cases", "tests/changes"];
/** Processes side by side. */
const LANES = Math.max(1, Math.min(4, navigator.hardwareConcurrency));
/** An editor writes a file in several steps. */
const QUIET_MS = 30;

const imports = new Map<string, readonly string[]>();

/** Reads a file's imports again, or forgets a file that is gone. */
async function scan(path: string): Promise<void> {
  if (!path.endsWith(".ts")) return;
  const text = await Deno.readTextFile(ROOT + path).catch(() => undefined);
  if (text === undefined) imports.delete(path);
  else imports.set(path, importsOf(path, text));
}

async function scanFolder(folder: string): Promise<void> {
  const entries = await Array.fromAsync(Deno.readDir(ROOT + folder));
  await Promise.all(entries.map(async ({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    await (isDirectory ? scanFolder(path) : scan(path));
  }));
}

async function foldersIn(folder: string): Promise<readonly string[]> {
  const entries = await Array.fromAsync(Deno.readDir(ROOT + folder));
  return entries.filter(({ isDirectory }) => isDirectory).map(({ name }) => name).sort();
}

async function jobsOf(saved: readonly string[], known: Imports): Promise<readonly Job[]> {
  const [cases, changes] = await Promise.all([foldersIn("tests/cases"), foldersIn("tests/changes")]);
  return jobsFor(saved, known, { cases, changes });
}

/** Runs the jobs in their order, several side by side, and tells each result as it comes. */
async function runAll(jobs: readonly Job[], work: string, signal: AbortSignal): Promise<void> {
  const start = performance.now();
  const waiting = [...jobs];
  let failures = 0;
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined && !signal.aborted; next = waiting.shift()) {
      const { isGood, summary, output } = await runJob(next, work, signal);
      if (signal.aborted) return;
      if (!isGood) failures++;
      if (!isGood) console.log(output);
      console.log(`  ${isGood ? "ok    " : "FAILED"} ${next.title}: ${summary} (${secondsSince(start)})`);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  if (signal.aborted) return;
  const verdict = jobs.length === 0
    ? "no test of these reaches it"
    : failures === 0
    ? "all hold"
    : "some FAILED";
  console.log(`watch: ${verdict} (${secondsSince(start)})`);
}

const secondsSince = (start: number): string => `${((performance.now() - start) / 1000).toFixed(1)} s`;

/** One module that imports all files: Deno loads lib anew for each file with tests, which takes longer than the tests. */
async function runJob(
  { files, names }: Job,
  work: string,
  signal: AbortSignal,
): Promise<{ readonly isGood: boolean; readonly summary: string; readonly output: string }> {
  const module = `${work}/${crypto.randomUUID()}_test.ts`;
  await Deno.writeTextFile(module, files.map((file) => `import "file://${ROOT}${file}";\n`).join(""));
  const filter = names === undefined ? [] : ["--filter", `/^(?:${names.map(RegExp.escape).join("|")})$/`];
  try {
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--config", `${ROOT}deno.json`, "--no-check", "--no-prompt", "-A", ...filter, module],
      cwd: ROOT,
      env: { SIGNALBOX_ASK_NO_HAPROXY: "1", SIGNALBOX_ONE_ORDER: "1", UPDATE: "", TMPDIR: work },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      signal,
    }).output();
    const decoder = new TextDecoder();
    const all = decoder.decode(stdout);
    const summary = /(\d+ passed.*? \d+ failed)/.exec(all)?.[1] ?? "the tests could not be loaded";
    const errors = all.slice(Math.max(0, all.search(/^ ERRORS\s*$/m)));
    return { isGood: success, summary, output: `${success ? "" : decoder.decode(stderr)}${errors}` };
  } finally {
    await Deno.remove(module);
  }
}

/** The files of the clone that an event of the file system is about, without what editors put beside them. */
function savedIn({ kind, paths }: Deno.FsEvent): readonly string[] {
  if (kind === "access") return [];
  return paths.filter((path) => /\.(?:ts|eta|json|yaml|cfg|txt|map|http)$/.test(path))
    .map((path) => path.slice(ROOT.length));
}

/** Notes what is saved, and calls `onSave` once there is quiet. */
async function follow(onSave: (files: readonly string[]) => void): Promise<void> {
  const saved = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  for await (const event of Deno.watchFs(FOLDERS.map((folder) => ROOT + folder))) {
    const files = savedIn(event);
    if (files.length === 0) continue;
    for (const file of files) saved.add(file);
    clearTimeout(timer);
    timer = setTimeout(() => {
      onSave([...saved].sort());
      saved.clear();
    }, QUIET_MS);
  }
}

/** Tests forever: a save ends what runs for the one before. Nothing is left of it when a signal ends it. */
async function watch(work: string): Promise<void> {
  let current = new AbortController();
  let turn = Promise.resolve();
  const test = (title: string, jobs: () => Promise<readonly Job[]>) => {
    current.abort();
    const { signal } = current = new AbortController();
    turn = turn.then(async () => {
      if (signal.aborted) return;
      console.log(`watch: ${title}`);
      await runAll(await jobs(), work, signal);
    });
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(name, () => {
      current.abort();
      void turn.finally(() => {
        Deno.removeSync(work, { recursive: true });
        Deno.exit(0);
      });
    });
  }
  const following = follow((files) => {
    const title = files.slice(0, 3).join(", ") + (files.length > 3 ? ` and ${files.length - 3} more` : "");
    test(title, async () => {
      await Promise.all(files.map(scan));
      return await jobsOf(files, imports);
    });
  });
  await Promise.all(FOLDERS.map(scanFolder));
  test("everything once", () =>
    jobsOf([...imports.keys()].filter((path) => path.startsWith("lib/")), imports));
  await following;
}

/** A case renames twenty files, which takes most of its time on a disk. */
async function memory(): Promise<{ readonly dir?: string }> {
  const isThere = await Deno.stat("/dev/shm").then(({ isDirectory }) => isDirectory, () => false);
  return isThere ? { dir: "/dev/shm" } : {};
}

const work = await Deno.makeTempDir({ prefix: "signalbox-watch-", ...await memory() });
await watch(work);
