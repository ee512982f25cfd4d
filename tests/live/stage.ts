/** What a live test stands on: containers of the tests' engine, and signalbox with its haproxy in front of them. */
import { join } from "node:path";
import { cleanup, engineFromEnv } from "../harness/engine.ts";
import {
  type Answer,
  eventually,
  freePort,
  httpGet,
  type Request,
  type RunningProgram,
  startProgram,
} from "../harness/program.ts";

/** `docker stop` waits 10 s before it kills; signalbox promises to need no more than this. */
export const STOP_LIMIT_MS = 8_000;

/** A signalbox to start; what is not said is as a user would have it. */
export interface RouterRequest {
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The engine's URL, where it is not reached directly; `null` where a file names the engines. */
  readonly engine?: string | null;
  /** Does not wait until the monitor answers. */
  readonly isImpatient?: boolean;
}

/** A signalbox that runs with ports and a state directory of its own. */
export interface Router {
  readonly port: number;
  readonly httpsPort: number;
  readonly stateDir: string;
  readonly program: RunningProgram;
  /** The settings that the routing depends on, as flags: with them `render` prints what this one loads. */
  readonly flags: readonly string[];
  /** One request for a host; one that takes 8 s counts as hanging and throws. */
  get(host: string, path?: string, more?: Partial<Request>): Promise<Answer>;
  /** Waits until a host answers with a status, 200 unless said. */
  answers(host: string, status?: number, path?: string): Promise<Answer>;
  /** The haproxy.cfg that is loaded. */
  config(): Promise<string>;
  /** Asks HAProxy's worker a question on its socket. */
  ask(command: string): Promise<string>;
}

/** One test's stage; what is brought onto it is cleared away when the test ends. */
export interface Stage {
  /** A folder of the test's own, with a path that is short enough for sockets. */
  readonly folder: string;
  router(request?: RouterRequest): Promise<Router>;
  /** Has something ended with the test, the last first. */
  defer(end: () => unknown): void;
}

const { host: engineHost, skipReason } = engineFromEnv();
if (skipReason !== undefined) console.error(`skipped: ${skipReason}`);

/** A test on the engine, named by the sentence that it proves; ignored where there is no engine, or what else it needs. */
export function live(
  sentence: string,
  body: (stage: Stage) => Promise<void>,
  { isIgnored = false } = {},
): void {
  Deno.test({
    name: sentence,
    ignore: isIgnored || skipReason !== undefined,
    async fn() {
      const ends: (() => unknown)[] = [cleanup];
      const routers: Router[] = [];
      const folder = await Deno.makeTempDir({ prefix: "sbl-" });
      ends.unshift(() => Deno.remove(folder, { recursive: true }));
      const defer = (end: () => unknown) => void ends.unshift(end);
      try {
        await body({
          folder,
          defer,
          router: (request) => startRouter(folder, request ?? {}, defer, routers),
        });
      } catch (error) {
        for (const { program } of routers) {
          console.error(
            program.lines.filter((line) => !line.includes(`"kind":"access"`)).slice(-60).join("\n"),
          );
        }
        throw error;
      } finally {
        await endAll(ends);
      }
    },
  });
}

async function endAll(ends: readonly (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const end of ends) {
    try {
      await end();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

async function startRouter(
  folder: string,
  { flags = [], env = {}, engine = engineHost, isImpatient = false }: RouterRequest,
  defer: Stage["defer"],
  routers: Router[],
): Promise<Router> {
  const [port, httpsPort] = [freePort(), freePort()];
  const stateDir = join(folder, `state${routers.length || ""}`);
  const routing = ["--http-port", `${port}`, "--https-port", `${httpsPort}`, ...flags];
  const engines = engine === null ? [] : ["--docker-host", engine];
  const program = startProgram(
    ["run", ...engines, "--state-dir", stateDir, "--log-level", "debug", ...routing],
    env,
  );
  defer(() => program.stop("SIGTERM", STOP_LIMIT_MS));
  const get: Router["get"] = (host, path = "/", more = {}) =>
    httpGet({ port, host, path, limitMs: 8_000, ...more });
  const router: Router = {
    port,
    httpsPort,
    stateDir,
    program,
    flags: routing,
    get,
    answers: (host, status = 200, path = "/") => answers(() => get(host, path), host + path, status),
    config: () => Deno.readTextFile(join(stateDir, "current", "haproxy.cfg")),
    ask: (command) => askSocket(join(stateDir, "haproxy.sock"), command),
  };
  routers.push(router);
  const ended = program.exited.then((code) => {
    throw new Error(`signalbox ended with ${code} before HAProxy answered`);
  });
  ended.catch(() => {});
  if (!isImpatient) await Promise.race([router.answers("any.example", 200, "/haproxy?monitor"), ended]);
  return router;
}

/** Waits until what is asked answers with the status, and tells what came instead when it does not. */
async function answers(ask: () => Promise<Answer>, what: string, status: number): Promise<Answer> {
  return await eventually(async () => {
    const answer = await ask();
    if (answer.status !== status) throw new Error(`it answers ${answer.status}`);
    return answer;
  }, { what: `${what} to answer ${status}` });
}

async function askSocket(path: string, command: string): Promise<string> {
  const connection = await Deno.connect({ transport: "unix", path });
  await connection.write(new TextEncoder().encode(`${command}\n`));
  return await new Response(connection.readable).text();
}

/** How one request ended: the status, or what went wrong. */
export type Ending = number | string;

/** Asks again and again, one request after the other, while something happens; returns how each ended. */
export async function askWhile(
  ask: () => Promise<Answer>,
  happening: Promise<unknown> | (() => Promise<unknown>),
): Promise<Ending[]> {
  const endings: Ending[] = [];
  let isOver = false;
  const happened = (typeof happening === "function" ? happening() : happening).finally(() => isOver = true);
  // Its failure is told below, when the last request has ended.
  happened.catch(() => {});
  while (!isOver) {
    endings.push(await ask().then(({ status }) => status, (error) => String(error)));
  }
  await happened;
  return endings;
}

/** Asks so many times, one request after the other, and counts the answers by their text. */
export async function tally(times: number, ask: () => Promise<Answer>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let at = 0; at < times; at++) {
    const { status, body } = await ask();
    const key = status === 200 ? body : `${status}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

/** What a container says in INTERLOCK_DATA. */
export const says = (data: unknown): { env: Record<string, string> } => ({
  env: { INTERLOCK_DATA: JSON.stringify(data) },
});
