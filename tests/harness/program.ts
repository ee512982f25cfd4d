/** Starts signalbox as users do: the binary where there is one, else from source. */
import { fileURLToPath } from "node:url";
import { PERMISSIONS } from "../../scripts/compile.ts";
import { type EntryFields, entryWith } from "./events.ts";
export { eventually, type Wait } from "./eventually.ts";
export { type Answer, freePort, httpGet, type Request } from "./http.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The words that start signalbox, its own arguments to follow. */
export function program(): readonly [string, ...string[]] {
  const binary = Deno.env.get("SIGNALBOX_BIN");
  if (binary) return [binary];
  return [
    Deno.execPath(),
    "run",
    "--quiet",
    // As the binary, but for variables that packages read, which it was compiled without.
    ...PERMISSIONS.map((flag) => flag.replace(/^--allow-env=.*/, "--allow-env")),
    "--no-check",
    "--config",
    `${ROOT}deno.json`,
    `${ROOT}main.ts`,
  ];
}

/** What a run that ended by itself said. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs signalbox to its end, with the given standard input. */
export async function runProgram(
  args: readonly string[],
  { env = {}, stdin = "", cwd }: { env?: Record<string, string>; stdin?: string; cwd?: string } = {},
): Promise<Finished> {
  const [command, ...before] = program();
  const child = new Deno.Command(command, {
    args: [...before, ...args],
    env,
    ...(cwd === undefined ? {} : { cwd }),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  // A program that refuses its arguments does not read its input, which is no failure of the test.
  await writer.write(new TextEncoder().encode(stdin)).then(() => writer.close()).catch(() => {});
  const { code, stdout, stderr } = await child.output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** A signalbox that runs; `await using` ends it with the block. */
export interface RunningProgram extends AsyncDisposable {
  readonly pid: number;
  /** Lines so far, of both outputs in the order in which they came. */
  readonly lines: readonly string[];
  /** Resolves with its exit code; 128 and the signal's number where a signal ended it. */
  readonly exited: Promise<number>;
  /** The first line that matches, already there or still to come; rejects at the limit or when it ends. */
  waitForLine(pattern: RegExp, limitMs?: number): Promise<string>;
  /** Likewise the first line of the JSON log with such fields. */
  waitForEntry(fields: EntryFields, limitMs?: number): Promise<string>;
  /** Sends a signal, SIGTERM unless said, and waits for the end; kills it at the limit and rejects. */
  stop(signal?: Deno.Signal, limitMs?: number): Promise<number>;
  kill(signal: Deno.Signal): void;
}

/** Starts signalbox and collects what it says; `wrapper` is a command that becomes it. */
export function startProgram(
  args: readonly string[],
  env: Record<string, string> = {},
  cwd?: string,
  wrapper: readonly string[] = [],
): RunningProgram {
  const [command = "", ...before] = [...wrapper, ...program()];
  const mark = crypto.randomUUID();
  const child = new Deno.Command(command, {
    args: [...before, ...args],
    env: { ...env, [MARK]: mark },
    ...(cwd === undefined ? {} : { cwd }),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const lines: string[] = [];
  const watchers = new Set<() => void>();
  const heard = () => watchers.forEach((look) => look());
  let code: number | undefined;
  const read = [child.stdout, child.stderr].map((stream) => collect(stream, lines, heard));
  const exited = child.status.then(async (status) => {
    // What a child of the program still holds open is not waited for.
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([Promise.all(read), new Promise((resolve) => timer = setTimeout(resolve, 3_000))]);
    clearTimeout(timer);
    code = status.code;
    heard();
    return status.code;
  });
  const kill = (signal: Deno.Signal) => {
    if (code === undefined) child.kill(signal);
  };

  const waitForLine = (pattern: RegExp, limitMs?: number) =>
    waitFor((line) => pattern.test(line), `${pattern}`, limitMs);
  const waitForEntry = (fields: EntryFields, limitMs?: number) =>
    waitFor(entryWith(fields), Deno.inspect(fields), limitMs);

  function waitFor(isMeant: (line: string) => boolean, what: string, limitMs = 30_000): Promise<string> {
    return new Promise((resolve, reject) => {
      const done = (finish: () => void) => {
        watchers.delete(look);
        clearTimeout(timer);
        finish();
      };
      const complain = (why: string) =>
        done(() =>
          reject(
            new Error(`No line matched ${what}: ${why}. It said last:\n${lines.slice(-40).join("\n")}`),
          )
        );
      const look = () => {
        const found = lines.find(isMeant);
        if (found !== undefined) done(() => resolve(found));
        else if (code !== undefined) complain(`it ended with ${code}`);
      };
      const timer = setTimeout(() => complain(`${limitMs} ms have passed`), limitMs);
      watchers.add(look);
      look();
    });
  }

  async function stop(signal: Deno.Signal = "SIGTERM", limitMs = 20_000): Promise<number> {
    kill(signal);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<"late">((resolve) => timer = setTimeout(() => resolve("late"), limitMs));
    const first = await Promise.race([exited, late]);
    clearTimeout(timer);
    if (first !== "late") return first;
    kill("SIGKILL");
    await exited;
    await killMarked(mark);
    throw new Error(
      `signalbox did not end within ${limitMs} ms of ${signal}. It said last:\n${
        lines.slice(-40).join("\n")
      }`,
    );
  }

  return {
    pid: child.pid,
    lines,
    exited,
    waitForLine,
    waitForEntry,
    stop,
    kill,
    async [Symbol.asyncDispose]() {
      await stop().catch(() => {});
    },
  };
}

/** In the environment of a program and of all that it starts, by which what it leaves behind is found. */
const MARK = "SIGNALBOX_TEST_PROGRAM";

/** Kills what a program that had to be killed has left: its HAProxy would live on and keep the port. */
async function killMarked(mark: string): Promise<void> {
  for await (const { name } of Deno.readDir("/proc")) {
    const environment = /^\d+$/.test(name) &&
      await Deno.readTextFile(`/proc/${name}/environ`).catch(() => "");
    if (!environment || !environment.includes(`${MARK}=${mark}\0`)) continue;
    try {
      Deno.kill(Number(name), "SIGKILL");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

async function collect(
  stream: ReadableStream<Uint8Array>,
  lines: string[],
  heard: () => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
    heard();
  }
  if (rest !== "") lines.push(rest);
}
