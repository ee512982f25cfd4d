/**
 * Measures what a request costs on its way through signalbox's HAProxy, beside a bare HAProxy with one backend and, where it
 * is installed, nginx: CPU of everything that serves, and latency at a fixed rate. All share one origin, which is an HAProxy
 * of its own. `deno run -A tests/bench/plane_bench.ts [--quick]`, or `scripts/dev bench --only=plane`.
 */
import { haproxies } from "../harness/haproxies.ts";
import { eventually } from "../harness/eventually.ts";
import { freePort } from "../harness/http.ts";
import { program } from "../harness/program.ts";
import { startLoad } from "./load_process.ts";
import { askOnce } from "./raw_http.ts";
import { formatTable, percentile, type Row } from "./statistics.ts";

const isQuick = Deno.args.includes("--quick");
const PER_SECOND = 1_000;
const SECONDS = isQuick ? 4 : 10;
const HOST = "host-0.example";
/** More than this over the bare HAProxy misses the aim. */
const AIM = 1.1;
const AIM_OF_ALL = 1.25;

/** Something that serves HOST. */
type Contestant = {
  readonly name: string;
  readonly port: number;
  /** The processes whose CPU is counted. */
  readonly pids: () => Promise<readonly number[]>;
  readonly stop: () => Promise<void>;
};

type Measured = { readonly cpuMs: number; readonly p99Ms: number; readonly failed: number };

async function spawn(command: string, args: readonly string[]): Promise<Deno.ChildProcess> {
  return await Promise.resolve(
    new Deno.Command(command, { args: [...args], stdin: "null", stdout: "null", stderr: "null" }).spawn(),
  );
}

async function stopChild(child: Deno.ChildProcess): Promise<void> {
  child.kill("SIGTERM");
  await child.status;
}

/** An HAProxy of one config, in the foreground. */
async function startHaproxy(
  path: string,
  folder: string,
  name: string,
  config: string,
): Promise<Deno.ChildProcess> {
  const file = `${folder}/${name}.cfg`;
  await Deno.writeTextFile(file, config);
  return await spawn(path, ["-db", "-f", file]);
}

const DEFAULTS = "defaults\n mode http\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n";

async function startBare(path: string, folder: string, origin: number): Promise<Contestant> {
  const port = freePort();
  const config = `${DEFAULTS}frontend f\n bind :${port}\n default_backend b\nbackend b\n` +
    ` server s 127.0.0.1:${origin} check inter 5000\n`;
  const child = await startHaproxy(path, folder, "bare", config);
  return {
    name: "bare HAProxy",
    port,
    pids: () => Promise.resolve([child.pid]),
    stop: () => stopChild(child),
  };
}

async function startNginx(folder: string, origin: number): Promise<Contestant | undefined> {
  const port = freePort();
  const file = `${folder}/nginx.conf`;
  await Deno.writeTextFile(
    file,
    `daemon off; pid ${folder}/nginx.pid; error_log /dev/null; worker_processes auto;
events { worker_connections 4096; }
http {
  access_log off;
  upstream origin { server 127.0.0.1:${origin}; keepalive 64; }
  server {
    listen ${port} reuseport;
    location / { proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; }
  }
}
`,
  );
  try {
    const child = await spawn("nginx", ["-c", file, "-p", folder]);
    return { name: "nginx", port, pids: () => family(child.pid), stop: () => stopChild(child) };
  } catch {
    return undefined;
  }
}

async function startSignalbox(
  folder: string,
  origin: number,
  hosts: number,
  log: "errors" | "all",
): Promise<Contestant> {
  const port = freePort();
  const snapshot = `${folder}/snapshot-${hosts}.json`;
  await Deno.writeTextFile(
    snapshot,
    JSON.stringify(Array.from({ length: hosts }, (_, at) => containerAt(at, origin))),
  );
  const stateDir = await Deno.makeTempDir({ dir: folder, prefix: "s" });
  const [command = "", ...before] = program();
  const child = await spawn(command, [
    ...before,
    ...[
      "run",
      "--snapshot",
      snapshot,
      "--state-dir",
      stateDir,
      "--http-port",
      `${port}`,
      "--access-log",
      log,
    ],
  ]);
  return {
    name: `signalbox, ${hosts} host${hosts === 1 ? "" : "s"}, ${log}`,
    port,
    pids: () => family(child.pid),
    stop: () => stopChild(child),
  };
}

function containerAt(at: number, origin: number) {
  return {
    Id: (at + 1).toString(16).padStart(12, "0").repeat(6).slice(0, 64),
    Name: `/host-${at}`,
    Created: new Date(1_700_000_000_000 + at * 1_000).toISOString(),
    State: { Status: "running", StartedAt: "2024-01-01T00:00:00Z" },
    Config: { Hostname: `host-${at}.example`, Labels: {}, ExposedPorts: { [`${origin}/tcp`]: {} } },
    HostConfig: { NetworkMode: "bridge" },
    NetworkSettings: { Ports: {}, Networks: { bridge: { IPAddress: "127.0.0.1" } } },
  };
}

/** A process with all that it has started. */
async function family(pid: number): Promise<readonly number[]> {
  const pids = [pid];
  for (const each of pids) {
    const text = await Deno.readTextFile(`/proc/${each}/task/${each}/children`).catch(() => "");
    pids.push(...text.split(" ").filter((word) => word !== "").map(Number));
    for await (const { name } of readTasks(each)) {
      if (name === `${each}`) continue;
      const more = await Deno.readTextFile(`/proc/${each}/task/${name}/children`).catch(() => "");
      pids.push(...more.split(" ").filter((word) => word !== "").map(Number));
    }
  }
  return [...new Set(pids)];
}

async function* readTasks(pid: number): AsyncGenerator<{ readonly name: string }> {
  try {
    yield* Deno.readDir(`/proc/${pid}/task`);
  } catch {
    // It has ended.
  }
}

/** User and system time of processes, in milliseconds (proc(5), stat, fields 14 and 15, hundredths of a second). */
async function cpuMs(pids: readonly number[]): Promise<number> {
  let ticks = 0;
  for (const pid of pids) {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  }
  return ticks * 10;
}

async function measure({ port, pids }: Contestant, isKept: boolean): Promise<Measured> {
  const all = await pids();
  const load = startLoad({ port, perSecond: PER_SECOND, isKept, hosts: [HOST], postEvery: 0 });
  // The first second warms up.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const [before, from] = [await cpuMs(all), performance.timeOrigin + performance.now()];
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1_000));
  const [after, to] = [await cpuMs(all), performance.timeOrigin + performance.now()];
  const { samples, failures } = await load.end();
  const counted = samples.filter(([at]) => at >= from && at < to);
  return {
    cpuMs: (after - before) / Math.max(1, counted.length),
    p99Ms: percentile(counted.map(([, tookMs]) => tookMs), 99),
    failed: failures.length,
  };
}

async function main(): Promise<void> {
  const [haproxy] = await haproxies();
  if (haproxy === undefined) throw new Error("There is no haproxy here");
  const folder = await Deno.makeTempDir({ prefix: "signalbox-plane-" });
  const origin = freePort();
  const answering = await startHaproxy(
    haproxy.path,
    folder,
    "origin",
    `${DEFAULTS}frontend f\n bind 127.0.0.1:${origin}\n http-request return status 200 content-type text/plain lf-string "%[req.hdr(host)]#"\n`,
  );
  const rows: Row[] = [];
  try {
    const bare = new Map<boolean, Measured>();
    const makers: (() => Promise<Contestant | undefined>)[] = [
      () => startBare(haproxy.path, folder, origin),
      () => startNginx(folder, origin),
      ...(isQuick ? [1, 500] : [1, 500, 5_000]).flatMap((hosts) =>
        (["errors", "all"] as const).map((log) => () => startSignalbox(folder, origin, hosts, log))
      ),
    ];
    for (const make of makers) {
      const contestant = await make();
      if (contestant === undefined) continue;
      try {
        await eventually(
          async () => (await askOnce("127.0.0.1", contestant.port, HOST, "/"))?.status === 200,
          {
            what: `${contestant.name} to serve`,
            limitMs: 60_000,
          },
        );
        for (const isKept of [false, true]) {
          const measured = await measure(contestant, isKept);
          if (!bare.has(isKept)) bare.set(isKept, measured);
          rows.push(rowOf(contestant.name, isKept, measured, bare.get(isKept) ?? measured));
          console.error(
            `bench: ${contestant.name}, ${isKept ? "kept" : "new"}: ${measured.cpuMs.toFixed(3)} ms`,
          );
        }
      } finally {
        await contestant.stop();
      }
    }
  } finally {
    await stopChild(answering);
    await Deno.remove(folder, { recursive: true }).catch(() => undefined);
  }
  console.log(formatTable(rows));
}

function rowOf(name: string, isKept: boolean, { cpuMs, p99Ms, failed }: Measured, bare: Measured): Row {
  const aim = name.endsWith("all") ? AIM_OF_ALL : AIM;
  const ratios = `${(cpuMs / bare.cpuMs).toFixed(2)} × CPU, ${(p99Ms / bare.p99Ms).toFixed(2)} × p99`;
  const isOurs = name.startsWith("signalbox");
  return {
    measure: `${name}, ${isKept ? "kept" : "new"} connections`,
    aim: isOurs ? `≤ ${aim} × of the bare HAProxy` : "",
    result: `${cpuMs.toFixed(3)} ms CPU, p99 ${p99Ms.toFixed(1)} ms, ${failed} failed; ${ratios}`,
    load: `${PER_SECOND} requests a second, ${SECONDS} s`,
    ...isOurs && { holds: cpuMs <= bare.cpuMs * aim && p99Ms <= bare.p99Ms * aim },
  };
}

if (import.meta.main) await main();
