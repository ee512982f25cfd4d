/** What requests go through: signalbox, a bare HAProxy or nginx; and what of the processor they take. */
import { haproxies } from "../harness/haproxies.ts";
import { freePort } from "../harness/http.ts";
import { program } from "../harness/program.ts";

/** Something that serves a host. */
export type Contestant = {
  readonly name: string;
  readonly port: number;
  /** The processes whose CPU is counted. */
  readonly pids: () => Promise<readonly number[]>;
  readonly stop: () => Promise<void>;
};

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
async function startHaproxy(folder: string, name: string, config: string): Promise<Deno.ChildProcess> {
  const [haproxy] = await haproxies();
  if (haproxy === undefined) throw new Error("There is no haproxy here");
  const file = `${folder}/${name}.cfg`;
  await Deno.writeTextFile(file, config);
  return await spawn(haproxy.path, ["-db", "-f", file]);
}

const DEFAULTS = "defaults\n mode http\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n";

/** An HAProxy that does nothing but pass requests on. */
export async function startBare(folder: string, origin: number): Promise<Contestant> {
  const port = freePort();
  const config = `${DEFAULTS}frontend f\n bind :${port}\n default_backend b\nbackend b\n` +
    ` server s 127.0.0.1:${origin} check inter 5000\n`;
  const child = await startHaproxy(folder, "bare", config);
  return {
    name: "bare HAProxy",
    port,
    pids: () => Promise.resolve([child.pid]),
    stop: () => stopChild(child),
  };
}

/** nginx, which does no more; `undefined` where there is none. */
export async function startNginx(folder: string, origin: number): Promise<Contestant | undefined> {
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

/** signalbox with a route for each of these; what each says beside its host, which is `host-N.example`. */
export async function startSignalbox(
  folder: string,
  origin: number,
  said: readonly object[],
  { name, log, flags = [] }: {
    readonly name: string;
    readonly log: "errors" | "all";
    readonly flags?: readonly string[];
  },
): Promise<Contestant> {
  const port = freePort();
  const stateDir = await Deno.makeTempDir({ dir: folder, prefix: "s" });
  const snapshot = `${stateDir}/snapshot.json`;
  await Deno.writeTextFile(snapshot, JSON.stringify(said.map((data, at) => containerAt(at, origin, data))));
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
      // All load comes from one address: where HAProxy waits for half a second, that has more connections than one client may.
      "--max-connections",
      `${MOST_CONNECTIONS}`,
      "--max-connections-per-client",
      `${MOST_CONNECTIONS}`,
      ...flags,
    ],
  ]);
  return {
    name,
    port,
    pids: () => family(child.pid),
    stop: () => stopChild(child),
  };
}

/** More than a load opens while HAProxy waits for the processor for some seconds. */
const MOST_CONNECTIONS = 8_192;

/** The host of a container. */
export const hostAt = (at: number): string => `host-${at}.example`;

function containerAt(at: number, origin: number, data: object) {
  return {
    Id: (at + 1).toString(16).padStart(12, "0").repeat(6).slice(0, 64),
    Name: `/host-${at}`,
    Created: new Date(1_700_000_000_000 + at * 1_000).toISOString(),
    State: { Status: "running", StartedAt: "2024-01-01T00:00:00Z" },
    Config: {
      Hostname: hostAt(at),
      Env: [`INTERLOCK_DATA=${JSON.stringify(data)}`],
      ExposedPorts: { [`${origin}/tcp`]: {} },
    },
    HostConfig: { NetworkMode: "bridge" },
    NetworkSettings: { Ports: {}, Networks: { bridge: { IPAddress: "127.0.0.1" } } },
  };
}

/** A process with all that it has started. */
export async function family(pid: number): Promise<readonly number[]> {
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
export async function cpuMs(pids: readonly number[]): Promise<number> {
  let ticks = 0;
  for (const pid of pids) {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  }
  return ticks * 10;
}

/** The time that all processors were busy since the machine began, in milliseconds, and how many there are (proc(5), stat). */
export async function machineMs(): Promise<{ readonly busyMs: number; readonly processors: number }> {
  const lines = (await Deno.readTextFile("/proc/stat")).split("\n");
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (lines[0] ?? "").split(/\s+/).map(
    Number,
  );
  const processors = lines.filter((line) => /^cpu\d/.test(line)).length;
  return { busyMs: (user + nice + system + irq + softirq) * 10, processors };
}

/** The HAProxy that stands for the containers, and says whom it was asked for. */
export async function startOrigin(folder: string): Promise<Contestant> {
  const port = freePort();
  const answer = `http-request return status 200 content-type text/plain lf-string "%[req.hdr(host)]#"`;
  const config = `${DEFAULTS}frontend f\n bind 127.0.0.1:${port}\n ${answer}\n`;
  const child = await startHaproxy(folder, "origin", config);
  return { name: "origin", port, pids: () => Promise.resolve([child.pid]), stop: () => stopChild(child) };
}
