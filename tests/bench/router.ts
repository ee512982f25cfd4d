/** What is measured: signalbox with its haproxy, or the naive generator with one. */
import { fileURLToPath } from "node:url";
import { eventually } from "../harness/eventually.ts";
import { freePort } from "../harness/http.ts";
import type { Event } from "../../lib/core/status/event.ts";
import { program } from "../harness/program.ts";
import { inOwnGroup } from "./processor.ts";
import { askOnce } from "./raw_http.ts";

/** Which of the two. */
export type RouterKind = "signalbox" | "naive";

/** A line of a router's log, as far as it is looked at. */
export interface LogLine {
  readonly time: number;
  readonly msg: string;
  readonly event?: Event["kind"];
  readonly [field: string]: unknown;
}

/** A router that runs. */
export interface Router {
  readonly kind: RouterKind;
  readonly port: number;
  /** Everything that it logged beside requests, oldest first. */
  readonly lines: readonly LogLine[];
  /** How often HAProxy was reloaded so far. */
  readonly reloads: number;
  /** Has everything read again and HAProxy reloaded, and waits until that is done. */
  reload(): Promise<void>;
  /** HAProxy's line on a request, by a text in its path. */
  findRequest(text: string): string | undefined;
  /** Forgets the requests so far. */
  forgetRequests(): void;
  /** Resident memory of the router itself, in MiB. */
  memoryMib(): Promise<number>;
  stop(): Promise<void>;
}

/** HAProxy's words on a request: server, timers, status, and how it ended (manual, 8.2.3). */
export function requestWords(line: string): string {
  return /\] (_web [^"\\]*)/.exec(line)?.[1]?.trim() ?? line;
}

/** Starts a router on a port of its own, and waits until its HAProxy answers. */
export async function startRouter(
  kind: RouterKind,
  folder: string,
  dockerHost: string,
  flags: readonly string[] = [],
): Promise<Router> {
  const port = freePort();
  const stateDir = await Deno.makeTempDir({
    dir: Deno.env.get("SIGNALBOX_BENCH_STATE") ?? folder,
    prefix: "s",
  });
  const [command, ...before] = kind === "signalbox" ? program() : [
    Deno.execPath(),
    "run",
    "--quiet",
    "--no-check",
    "-A",
    fileURLToPath(new URL("./naive.ts", import.meta.url)),
  ];
  const rest = kind === "signalbox"
    ? [
      "run",
      "--docker-host",
      dockerHost,
      "--state-dir",
      stateDir,
      "--http-port",
      `${port}`,
      ...LOG,
      ...flags,
    ]
    : [dockerHost, stateDir, `${port}`];
  const [first = "", ...others] = inOwnGroup([command ?? "", ...before, ...rest]);
  const child = new Deno.Command(first, {
    args: others,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const log = new RouterLog();
  void log.read(child.stderr);
  let code: number | undefined;
  void child.status.then((status) => code = status.code);
  await eventually(async () => {
    if (code !== undefined) throw new Error(`it ended with ${code}: ${log.tail()}`);
    return (await askOnce("127.0.0.1", port, "any.example", "/haproxy?monitor"))?.status === 200;
  }, { what: `${kind} to answer` });
  return {
    kind,
    port,
    lines: log.lines,
    get reloads() {
      return log.reloads;
    },
    async reload() {
      const count = log.reloads;
      child.kill("SIGHUP");
      await eventually(() => log.reloads > count, { what: `${kind} to reload`, everyMs: 2, limitMs: 20_000 });
    },
    findRequest: (text) => log.requests.find((line) => line.includes(text)),
    forgetRequests: () => void log.requests.splice(0),
    async memoryMib() {
      const status = await Deno.readTextFile(`/proc/${child.pid}/status`);
      return Math.ceil(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024);
    },
    async stop() {
      if (code === undefined) child.kill("SIGTERM");
      const timer = setTimeout(() => code === undefined && child.kill("SIGKILL"), 10_000);
      await child.status;
      clearTimeout(timer);
    },
  };
}

const LOG = ["--log-format", "json"];

class RouterLog {
  readonly lines: LogLine[] = [];
  /** Kept as text: parsing each would cost what is measured its processor. */
  readonly requests: string[] = [];
  reloads = 0;

  async read(stream: ReadableStream<Uint8Array>): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) this.#take(part);
    }
  }

  tail(): string {
    return this.lines.slice(-5).map((line) => line.msg).join("; ");
  }

  #take(text: string): void {
    if (text.includes('"kind":"access"')) {
      this.requests.push(text);
      return;
    }
    let line: LogLine;
    try {
      const json = JSON.parse(text);
      line = { ...json, time: Date.parse(json.time) };
    } catch {
      line = { time: Date.now(), msg: text };
    }
    this.lines.push(line);
    if (line.event === "reloaded") this.reloads++;
  }
}
