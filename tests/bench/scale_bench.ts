/**
 * Measures signalbox with 10,000 containers of 2,000 hosts on a made-up engine: `scripts/dev bench --only=scale`. The engine
 * and the server behind all containers are processes of their own; HAProxy's share is told apart.
 * Flags: --containers=N, --quick (1,000 containers, a short storm), --steps=commands,changes,storm,rest, --idle=MS,
 * --haproxy=PATH, --log=FILE (what all said). The step `churn` is done where it is asked for: --events=N, --rate=N a second.
 */
import { fileURLToPath } from "node:url";
import { haproxies } from "../harness/haproxies.ts";
import { eventually } from "../harness/eventually.ts";
import { freePort } from "../harness/http.ts";
import { program, runProgram } from "../harness/program.ts";
import { startLoad, under } from "./load_process.ts";
import { askOnce, now } from "./raw_http.ts";
import type { EngineOrder } from "./scale_engine.ts";
import { hostOf, ORIGIN_PORT } from "./scale_names.ts";
import { cpuMsOf, Lines, pssMib } from "./scale_process.ts";
import { churnFor } from "./scale_churn.ts";
import { formatTable, median, milliseconds, percentile, type Row } from "./statistics.ts";

const isQuick = Deno.args.includes("--quick");
const valueOf = (flag: string) =>
  Deno.args.find((argument) => argument.startsWith(`--${flag}=`))?.slice(flag.length + 3);
const COUNT = Number(valueOf("containers") ?? (isQuick ? 1_000 : 10_000));
const PER_HOST = 5;
/** Starts and stops of the storm, and how long it lasts. */
const STORM = isQuick ? 100 : 1_000;
const STORM_MS = isQuick ? 2_000 : 10_000;
const CHANGES = isQuick ? 5 : 20;
/** A resync, which comes once a minute, is among it. */
const IDLE_MS = Number(valueOf("idle") ?? (isQuick ? 5_000 : 65_000));
const LIMIT_MS = 300_000;

const rows: Row[] = [];
const said = (row: Row) => {
  rows.push(row);
  console.error(`bench: ${row.measure}: ${row.result}`);
};

/** A process that ends with the benchmark. */
class Part {
  readonly child: Deno.ChildProcess;
  readonly out: Lines;
  readonly err: Lines;
  /** Rejects when it ends. */
  readonly ended: Promise<never>;

  constructor(command: readonly string[]) {
    const [first = "", ...args] = command;
    this.child = new Deno.Command(first, { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
    this.out = new Lines(this.child.stdout);
    this.err = new Lines(this.child.stderr);
    this.ended = this.child.status.then(({ code }) => {
      throw new Error(`${first} ended with ${code}: ${this.err.lines.slice(-3).join("; ")}`);
    });
    this.ended.catch(() => {});
  }

  async end(): Promise<void> {
    const timer = setTimeout(() => this.child.kill("SIGKILL"), 15_000);
    try {
      this.child.kill("SIGTERM");
    } catch {
      // It has ended.
    }
    await this.child.status;
    clearTimeout(timer);
    await this.child.stdin.close().catch(() => undefined);
  }
}

async function startOrigin(haproxy: string, folder: string): Promise<Part> {
  const config = `${folder}/origin.cfg`;
  await Deno.writeTextFile(
    config,
    `defaults\n mode http\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n
frontend f\n maxconn 20000\n bind 0.0.0.0:${ORIGIN_PORT}\n
 http-request return status 200 content-type text/plain lf-string "%[req.hdr(host)]#%[dst]"\n`,
  );
  return new Part([haproxy, "-db", "-f", config]);
}

/** The engine, and what it is told. */
class Engine {
  private constructor(readonly part: Part, readonly path: string) {}

  static async start(folder: string): Promise<Engine> {
    const path = `${folder}/docker.sock`;
    const script = fileURLToPath(new URL("./scale_engine.ts", import.meta.url));
    const flags = ["run", "--quiet", "--no-check", "-A", script];
    const engine = new Engine(new Part([Deno.execPath(), ...flags, path, `${COUNT}`, `${PER_HOST}`]), path);
    await engine.part.out.find((line) => line === "listening", "the engine to listen");
    return engine;
  }

  /** Answers with the moment of the last event. */
  async obey(order: EngineOrder): Promise<number> {
    const before = this.part.out.lines.length;
    const writer = this.part.child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(`${JSON.stringify(order)}\n`));
    writer.releaseLock();
    return Number(await this.part.out.find(() => true, "the engine to obey", before, LIMIT_MS));
  }
}

type LogLine = {
  readonly time: string;
  readonly msg: string;
  readonly event?: string;
  readonly operations?: string;
  readonly sinceEventMs?: number;
};

/** signalbox as it runs with the made-up engine. */
class Scene {
  readonly port = freePort();
  readonly part: Part;
  readonly startedAt = now();

  constructor(readonly engine: Engine, readonly stateDir: string, haproxy: string) {
    const flags = ["--docker-host", `unix://${engine.path}`, "--state-dir", stateDir, "--haproxy", haproxy];
    const more = ["--http-port", `${this.port}`, "--log-format", "json"];
    this.part = new Part([...program(), "run", ...flags, ...more, "--access-log", "off"]);
  }

  get pid(): number {
    return this.part.child.pid;
  }

  parsed(from = 0): readonly LogLine[] {
    return this.part.err.lines.slice(from).map((line) => {
      try {
        return JSON.parse(line) as LogLine;
      } catch {
        return { time: "", msg: line };
      }
    });
  }

  /** Waits until a host answers with a status; answers with the moment. */
  async becomes(at: number, status: number): Promise<number> {
    const host = hostOf(at, PER_HOST);
    const becomes = eventually(async () => (await askOnce("127.0.0.1", this.port, host))?.status === status, {
      what: `${host} to answer ${status}`,
      everyMs: 5,
      limitMs: LIMIT_MS,
    });
    await Promise.race([becomes, this.part.ended]);
    return now();
  }

  async haproxyPids(): Promise<readonly number[]> {
    const pids: number[] = [];
    for await (const { name } of Deno.readDir("/proc")) {
      // signalbox is told where HAProxy is.
      if (!/^\d+$/.test(name) || Number(name) === this.pid) continue;
      const words = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
      if (words.includes("haproxy") && words.includes(this.stateDir)) pids.push(Number(name));
    }
    return pids;
  }

  /** How long HAProxy took to check and load the files last. */
  async lastLoadMs(): Promise<number> {
    const { stdout } = await runProgram(["status", "--json", "--state-dir", this.stateDir]);
    return (JSON.parse(stdout) as { lastReload?: { tookMs: number } }).lastReload?.tookMs ?? NaN;
  }
}

/** From the start of the program until all hosts answer, and how much of it is HAProxy's. */
async function coldStart(scene: Scene): Promise<void> {
  const { pid } = scene;
  await scene.becomes(0, 200);
  const servedAt = await scene.becomes(COUNT - 1, 200);
  const cpu = await cpuMsOf(pid);
  const loadMs = await scene.lastLoadMs();
  const ownMs = servedAt - scene.startedAt - loadMs;
  said({
    measure: "cold start to all hosts served, without HAProxy's check and start",
    aim: "≤ 3,000 ms",
    result: `${milliseconds(ownMs)} ms; ${milliseconds(cpu)} ms of CPU`,
    load: `${COUNT} containers of ${COUNT / PER_HOST} hosts`,
    holds: ownMs <= 3_000,
  });
  said({
    measure: "HAProxy's check and start of the first config",
    aim: "",
    result: `${milliseconds(loadMs)} ms`,
    load: "",
  });
}

/** What follows one event at a time: by signalbox's log, from the event to HAProxy's answer. */
async function changes(scene: Scene): Promise<void> {
  const kinds: [string, (at: number) => number, number][] = [
    ["a replica of a known host", (at) => COUNT - 1 - at * PER_HOST, 50],
    ["the only container of a new host", (at) => COUNT + at * PER_HOST, 50],
  ];
  for (const [what, numberOf, aim] of kinds) {
    const times: { stop: number[]; start: number[] } = { stop: [], start: [] };
    const isNew = numberOf(0) >= COUNT;
    for (let at = 0; at < CHANGES; at++) {
      const number = numberOf(at);
      for (const kind of isNew ? ["start", "stop"] as const : ["stop", "start"] as const) {
        const before = scene.part.err.lines.length;
        await scene.engine.obey({ [kind]: [number] });
        const isMeant = (line: string) =>
          kind === "start"
            ? /"event":"changed".*set-state/.test(line)
            : /"event":"(?:drained|changed)"/.test(line);
        const line = JSON.parse(
          await scene.part.err.find(isMeant, `${kind} of ${number}`, before),
        ) as LogLine;
        if (line.sinceEventMs !== undefined) times[kind].push(line.sinceEventMs);
        await eventually(
          () =>
            scene.parsed(before).some(({ event, operations }) =>
              kind === "start" || event === "changed" && `${operations}`.includes("delete")
            ),
          { what: `the end of ${number}`, limitMs: 20_000 },
        );
      }
    }
    for (const kind of ["start", "stop"] as const) {
      const middle = median(times[kind]);
      said({
        measure: `event to HAProxy's answer, ${kind}: ${what}`,
        aim: `≤ ${aim} ms`,
        result: `first ${milliseconds(times[kind][0] ?? NaN)}, median ${milliseconds(middle)}, highest ${
          milliseconds(percentile(times[kind], 100))
        } ms`,
        load: `${times[kind].length} one by one`,
        holds: middle <= aim,
      });
    }
  }
}

/** Many starts and stops at once, while others are asked. */
async function storm(scene: Scene): Promise<void> {
  const start = Array.from({ length: STORM }, (_, at) => COUNT + 1_000 * PER_HOST + at);
  const stop = Array.from({ length: STORM }, (_, at) => at);
  const calm = Array.from({ length: 50 }, (_, at) => hostOf(COUNT - 1 - at * PER_HOST, PER_HOST));
  const load = startLoad({ port: scene.port, perSecond: 100, isKept: false, hosts: calm, postEvery: 0 });
  const before = scene.part.err.lines.length;
  const cpuBefore = await cpuMsOf(scene.pid);
  const { done, result } = await under(load, async () => {
    const lastEventAt = await scene.engine.obey({ start, stop, overMs: STORM_MS });
    const rightAt = Math.max(
      await scene.becomes(start.at(-1) ?? 0, 200),
      await scene.becomes(stop.at(-1) ?? 0, 404),
    );
    return { rightMs: rightAt - lastEventAt };
  });
  for (let at = 0; at < STORM; at += PER_HOST) {
    await scene.becomes(start[at] ?? 0, 200);
    await scene.becomes(stop[at] ?? 0, 404);
  }
  const reloads = scene.parsed(before).filter(({ event }) => event === "reloaded");
  const load1 = `${STORM} starts and ${STORM} stops in ${STORM_MS / 1_000} s, whole hosts`;
  said({
    measure: "storm: last event to all right",
    aim: "≤ 1,000 ms",
    result: `${milliseconds(done.rightMs)} ms; ${
      milliseconds(await cpuMsOf(scene.pid) - cpuBefore)
    } ms of CPU`,
    load: load1,
    holds: done.rightMs <= 1_000,
  });
  said({
    measure: "storm: reloads",
    aim: "≤ 2",
    result: `${reloads.length}${
      reloads.length === 0 ? "" : `; the last took HAProxy ${milliseconds(await scene.lastLoadMs())} ms`
    }`,
    load: load1,
    holds: reloads.length <= 2,
  });
  said({
    measure: "storm: failed on hosts that did not change",
    aim: "0",
    result: `${result.failures.length} of ${result.samples.length}, p99 ${
      milliseconds(percentile(result.samples.map(([, took]) => took), 99))
    } ms`,
    load: `100 requests a second on ${calm.length} hosts`,
    holds: result.failures.length === 0,
  });
}

/** Nothing happens: what that costs, and what is held. */
async function rest(scene: Scene, when: string): Promise<void> {
  const haproxy = await scene.haproxyPids();
  const [own, its] = [await cpuMsOf(scene.pid), await cpuMsOf(...haproxy)];
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const share = (ms: number) => `${(ms / IDLE_MS * 100).toFixed(2)} %`;
  said({
    measure: `CPU of signalbox while nothing happens, ${when}`,
    aim: "< 1 %",
    result: `${share(await cpuMsOf(scene.pid) - own)}; HAProxy with its checks ${
      share(await cpuMsOf(...haproxy) - its)
    }`,
    load: `${IDLE_MS / 1_000} s`,
    holds: await cpuMsOf(scene.pid) - own < IDLE_MS / 100,
  });
  const held = await pssMib(scene.pid);
  said({
    measure: `memory of signalbox (PSS), ${when}`,
    aim: "≤ 150 MiB",
    result: `${held} MiB; HAProxy ${await pssMib(...haproxy)} MiB`,
    load: `${COUNT} containers`,
    holds: held <= 150,
  });
}

/** How long commands take that a person types. */
async function commands(scene: Scene): Promise<void> {
  const host = hostOf(COUNT >> 1, PER_HOST);
  for (const words of [["status"], ["status", "--json"], ["explain", host], ["explain"]]) {
    const [command = "", ...before] = program();
    const times: number[] = [];
    for (let at = 0; at < (isQuick ? 2 : 5); at++) {
      const from = now();
      const { success, stderr } = await new Deno.Command(command, {
        args: [...before, ...words, "--state-dir", scene.stateDir],
      }).output();
      if (!success) throw new Error(new TextDecoder().decode(stderr));
      times.push(now() - from);
    }
    said({
      measure: `signalbox ${words.join(" ")}`,
      aim: "≤ 300 ms",
      result: `median ${milliseconds(median(times))}, highest ${milliseconds(Math.max(...times))} ms`,
      load: `${times.length} times`,
      holds: median(times) <= 300,
    });
  }
}

async function main(): Promise<void> {
  const haproxy = valueOf("haproxy") ?? (await haproxies())[0]?.path;
  if (haproxy === undefined) throw new Error("there is no haproxy here");
  const only = valueOf("steps")?.split(",") ?? ["commands", "changes", "storm", "rest"];
  const folder = await Deno.makeTempDir({ prefix: "sbx-" });
  const parts: Part[] = [];
  try {
    parts.push(await startOrigin(haproxy, folder));
    const engine = await Engine.start(folder);
    parts.unshift(engine.part);
    const scene = new Scene(engine, `${folder}/s`, haproxy);
    parts.unshift(scene.part);
    await coldStart(scene);
    if (only.includes("rest")) await rest(scene, "after the start");
    if (only.includes("commands")) await commands(scene);
    if (only.includes("changes")) await changes(scene);
    if (only.includes("storm")) await storm(scene);
    if (only.includes("churn")) {
      const churned = {
        pid: scene.pid,
        lines: scene.part.err,
        containers: COUNT,
        obey: (order: EngineOrder) => engine.obey(order),
        haproxyPids: () => scene.haproxyPids(),
        isServed: (at: number) => scene.becomes(at, 200),
        said,
      };
      await churnFor(churned, Number(valueOf("events") ?? 100_000), Number(valueOf("rate") ?? 1_000));
    }
    if (only.includes("rest")) await rest(scene, "after all");
  } finally {
    const log = valueOf("log");
    if (log !== undefined) {
      await Deno.writeTextFile(log, parts.map(({ err }) => err.lines.join("\n")).join("\n\n"));
    }
    for (const part of parts) await part.end();
    await Deno.remove(folder, { recursive: true }).catch(() => undefined);
  }
  console.log(`\n${formatTable(rows)}\n`);
}

if (import.meta.main) await main();
