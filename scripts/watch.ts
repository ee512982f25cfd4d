/** At each save: the tests that what was saved can break, the nearest first, without the type check. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Imports, importsOf, type Job, jobsFor } from "./watched_tests.ts";
import type { Answer } from "./watched_worker.ts";

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

/** Starts a process that tests can be given to. */
function startWorker() {
  const args = ["run", "--no-check", "--no-prompt", "-A", "scripts/watched_worker.ts"];
  const process = spawn(Deno.execPath(), args, {
    cwd: ROOT,
    env: {
      ...Deno.env.toObject(),
      SIGNALBOX_ASK_NO_HAPROXY: "1",
      SIGNALBOX_ONE_ORDER: "1",
      UPDATE: "",
      TMPDIR: work,
    },
    stdio: ["pipe", "pipe", "inherit"],
  });
  // One that was ended takes no job.
  process.stdin.on("error", () => undefined);
  const answers = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
  return {
    end: () => void process.kill("SIGKILL"),
    /** `undefined` where it ended. */
    run: async (job: Job): Promise<Answer | undefined> => {
      process.stdin.write(`${JSON.stringify(job)}\n`);
      const { done, value } = await answers.next();
      return done === true ? undefined : JSON.parse(value);
    },
  };
}

/** They have started before the save that they are for: that takes longer than its first tests. */
let waiting: ReturnType<typeof startWorker>[] = [];

/** Runs the jobs in their order, several side by side, and tells each result as it comes. */
async function runAll(jobs: readonly Job[], signal: AbortSignal): Promise<void> {
  const begin = performance.now();
  const left = [...jobs];
  const workers = waiting.length > 0 ? waiting : startWorkers();
  waiting = [];
  let failures = 0;
  const end = () => workers.forEach((worker) => worker.end());
  signal.addEventListener("abort", end);
  await Promise.all(workers.map(async (worker) => {
    for (let job = left.shift(); job !== undefined; job = left.shift()) {
      const { passed, errors } = await worker.run(job) ?? { passed: 0, errors: ["The process ended."] };
      if (signal.aborted) return;
      failures += errors.length;
      for (const error of errors) console.log(error);
      const verdict = errors.length === 0 ? "ok    " : "FAILED";
      console.log(
        `  ${verdict} ${job.title}: ${passed} passed | ${errors.length} failed (${secondsSince(begin)})`,
      );
    }
  }));
  end();
  if (signal.aborted) return;
  const verdict = jobs.length === 0
    ? "no test of these reaches it"
    : failures === 0
    ? "all hold"
    : "some FAILED";
  console.log(`watch: ${verdict} (${secondsSince(begin)})`);
  waiting = startWorkers();
}

const startWorkers = () => Array.from({ length: LANES }, startWorker);

const secondsSince = (begin: number): string => `${((performance.now() - begin) / 1000).toFixed(1)} s`;

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
async function watch(): Promise<void> {
  let current = new AbortController();
  let turn = Promise.resolve();
  const test = (title: string, jobs: () => Promise<readonly Job[]>) => {
    current.abort();
    const { signal } = current = new AbortController();
    turn = turn.then(async () => {
      if (signal.aborted) return;
      console.log(`watch: ${title}`);
      await runAll(await jobs(), signal);
    });
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(name, () => {
      current.abort();
      void turn.finally(() => {
        for (const worker of waiting) worker.end();
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
await watch();
