/** signalbox as users start it, on a snapshot file that is watched, with containers that are listeners on the loopback. */
import { type EntryFields, entryWith } from "../harness/events.ts";
import { eventually } from "../harness/eventually.ts";
import { type Answer, freePort, httpGet } from "../harness/http.ts";
import { type RunningProgram, startProgram } from "../harness/program.ts";
import { askControl } from "../../lib/report/control_socket.ts";
import type { Status } from "../../lib/core/status/status.ts";

/** A container of a snapshot: its host, and what else it says. */
export interface Wanted {
  readonly host: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** One signalbox and its world; gone with the block. */
export class FaultStage implements AsyncDisposable {
  readonly port = freePort();
  readonly httpsPort = freePort();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #programs: RunningProgram[] = [];
  readonly #begun = new Set<RunningProgram>();
  readonly #ends: (() => unknown)[] = [];

  private constructor(readonly folder: string) {
    // All of 127.0.0.0/8 is this machine, so that one listener is every container.
    this.#server = Deno.serve(
      { hostname: "0.0.0.0", port: 0, onListen: () => undefined },
      ({ headers }) => new Response(headers.get("host"), { status: headers.has("x-fails") ? 500 : 200 }),
    );
  }

  static async open(...containers: readonly Wanted[]): Promise<FaultStage> {
    const stage = new FaultStage(await Deno.makeTempDir({ prefix: "sbf-" }));
    await stage.want(...containers);
    return stage;
  }

  get stateDir(): string {
    return `${this.folder}/state`;
  }

  /** Puts other containers into the snapshot, as one rename. */
  async want(...containers: readonly Wanted[]): Promise<void> {
    const text = JSON.stringify(containers.map((wanted, at) => this.#inspect(wanted, at)));
    await Deno.writeTextFile(`${this.folder}/new.json`, text);
    await Deno.rename(`${this.folder}/new.json`, `${this.folder}/snapshot.json`);
  }

  async write(name: string, text: string): Promise<string> {
    const path = `${this.folder}/${name}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(path, text);
    return path;
  }

  /** Starts signalbox, and does not wait until it serves. */
  start(
    flags: readonly string[] = [],
    env: Record<string, string> = {},
    cwd?: string,
    wrapper?: readonly string[],
  ): RunningProgram {
    const program = startProgram(
      [
        "run",
        ...[
          "--snapshot",
          `${this.folder}/snapshot.json`,
          "--state-dir",
          this.stateDir,
          "--bind",
          "127.0.0.1",
        ],
        ...["--http-port", `${this.port}`, "--https-port", `${this.httpsPort}`, "--max-connections", "200"],
        ...["--log-format", "json", ...flags],
      ],
      env,
      cwd,
      wrapper,
    );
    this.#programs.push(program);
    return program;
  }

  /** Has something done when the block ends, after signalbox has ended. */
  defer(end: () => unknown): void {
    this.#ends.push(end);
  }

  get(host: string): Promise<Answer> {
    return httpGet({ port: this.port, host, limitMs: 10_000 });
  }

  /** Waits until a host answers with a status, and signalbox knows that HAProxy serves. */
  async answers(host: string, status = 200, limitMs = 30_000): Promise<void> {
    await eventually(async () => {
      const answer = await this.get(host);
      if (answer.status !== status) throw new Error(`it answers ${answer.status}`);
      return true;
    }, { what: `${host} to answer ${status}`, limitMs });
    await this.#begins(limitMs);
  }

  /** HAProxy answers a moment before signalbox has proven its first load: waits for that, once for each program. */
  async #begins(limitMs: number): Promise<void> {
    const program = this.#programs.at(-1);
    if (program === undefined || this.#begun.has(program)) return;
    let hasEnded = false;
    void program.exited.then(() => hasEnded = true);
    // Its log tells it too where nobody can ask any more.
    const isTold = () => program.lines.some((line) => /"event":"(?:reloaded|read-back|behind)"/.test(line));
    await eventually(async () => {
      if (hasEnded || isTold()) return true;
      const { pid, hasConfig, trouble } = await this.status();
      // One that cannot put its own config in the place of another's knows that too.
      return pid === program.pid && (hasConfig || trouble !== undefined);
    }, { what: "signalbox to know what HAProxy serves", limitMs });
    this.#begun.add(program);
  }

  /**
   * Waits until HAProxy has accepted a connection. In the kernel's queue it may be anybody's: after a reload, the new
   * worker's. The kernel gives a connection in that queue no inode (/proc/net/tcp).
   */
  async accepted({ localAddr, remoteAddr }: Deno.TcpConn): Promise<void> {
    const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, "0");
    const ends = [`:${hex(remoteAddr.port)}`, `:${hex(localAddr.port)}`] as const;
    await eventually(async () => {
      const rows = (await Deno.readTextFile("/proc/net/tcp")).split("\n").map((row) =>
        row.trim().split(/\s+/)
      );
      const row = rows.find(([, local, remote]) => local?.endsWith(ends[0]) && remote?.endsWith(ends[1]));
      return row !== undefined && row[9] !== "0";
    }, { what: "HAProxy to accept a connection" });
  }

  /** Waits until the log has a line with such fields, or that matches, of those after the first `from`. */
  async says(
    program: RunningProgram,
    meant: RegExp | EntryFields,
    from = 0,
    limitMs = 30_000,
  ): Promise<string> {
    const isMeant = meant instanceof RegExp ? (line: string) => meant.test(line) : entryWith(meant);
    return await eventually(() => {
      const found = program.lines.slice(from).find(isMeant);
      if (found === undefined) throw new Error(`the last lines are\n${program.lines.slice(-30).join("\n")}`);
      return found;
    }, { what: `a line ${Deno.inspect(meant)}`, limitMs });
  }

  async status(): Promise<Status> {
    const status = await askControl(this.stateDir, "GET", "/status");
    if (status === undefined) throw new Error("nobody answers at the control socket");
    return status as Status;
  }

  /** Asks HAProxy's worker on its socket, as someone would by hand. */
  async ask(command: string): Promise<string> {
    const connection = await Deno.connect({ transport: "unix", path: `${this.stateDir}/haproxy.sock` });
    await connection.write(new TextEncoder().encode(`${command}\n`));
    return await new Response(connection.readable).text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#programs) await program.stop().catch(() => program.stop("SIGKILL"));
    await this.#server.shutdown();
    for (const end of this.#ends.reverse()) await end();
    await Deno.remove(this.folder, { recursive: true });
  }

  #inspect({ host, data = {} }: Wanted, at: number): unknown {
    const id = new TextEncoder().encode(host.padEnd(16, "_")).slice(0, 16);
    return {
      Id: [...id].map((byte) => byte.toString(16).padStart(2, "0")).join("").padEnd(64, "0"),
      Name: `/${host.split(".")[0]}`,
      Created: "2024-05-01T10:00:00Z",
      State: { Status: "running", StartedAt: "2024-05-01T10:00:01Z" },
      Config: {
        Hostname: host,
        Env: [`INTERLOCK_DATA=${JSON.stringify(data)}`],
        ExposedPorts: { [`${this.#server.addr.port}/tcp`]: {} },
      },
      HostConfig: { NetworkMode: "bridge" },
      NetworkSettings: {
        Ports: {},
        Networks: { bridge: { IPAddress: `127.20.${at + 2 >> 8}.${at + 2 & 255}` } },
      },
    };
  }
}

/** Errors so far, without what came before. */
export const errors = (program: RunningProgram, from = 0): string[] =>
  program.lines.slice(from).filter((line) => line.includes('"level":"error"'));
