/** Runs the examples of a page as a reader would, one after the other, and compares what they print. */
import { get } from "node:http";
import assert from "node:assert/strict";
import { join } from "node:path";
import { docker } from "../harness/engine.ts";
import { eventually } from "../harness/eventually.ts";
import { httpGet } from "../harness/http.ts";
import { whereIs } from "../harness/images/parts.ts";
import { program } from "../harness/program.ts";
import { type Block, blocksOf, ROOT } from "./documents.ts";
import { normal, type Place, shown } from "./normal.ts";

/** Where the examples of a page run. */
export type Session = {
  /** A folder of the page's own: what a reader's folder would be. */
  readonly folder: string;
  /** The engine, as DOCKER_HOST has it. */
  readonly engine: string;
  /** What `docker run` labels containers with, so that they are found again. */
  readonly label: string;
  /** Has something ended with the test, the last first. */
  defer(end: () => unknown): void;
};

/** The files of the repository's root that examples use. */
const FILES = ["Dockerfile", ".dockerignore", "compose.yaml"];
const SOCKET = "/var/run/docker.sock";

/** Whether the examples of a page put signalbox into a container themselves. */
export const needsBinary = (blocks: readonly Block[]): boolean =>
  blocks.some(({ words, body }) => words.includes("run") && /docker (?:build|compose) /.test(body));

/** What the examples of a page print, where it is not what the page shows. */
export type Played = {
  /** The page's text with what the examples print now. */
  readonly text: string;
  /** What differs, without what is another one at each run. */
  readonly differences: readonly { readonly printed: string; readonly expected: string }[];
};

/** Runs the examples of a page. */
export async function runPage(text: string, session: Session): Promise<Played> {
  const place: Place = { engine: session.engine, folder: session.folder };
  const blocks = blocksOf(text);
  const env = await prepare(blocks, session);
  if (!blocks.some(({ words }) => words.includes("serve")) && !needsBinary(blocks)) {
    await serve("signalbox run", env, session);
  }
  let result = text;
  const differences: Played["differences"][number][] = [];
  let isDone = () => Promise.resolve("");
  for (const block of blocks) {
    if (block.words.includes("serve")) await serve(block.body, env, session);
    if (block.words.includes("run")) isDone = await runBlock(block, blocks, env, session);
    if (!block.words.includes("output")) continue;
    const printed = shown(await eventuallyPrints(isDone, block.body, place), place);
    const difference = { printed: normal(printed, place), expected: normal(block.body, place) };
    if (difference.printed === difference.expected) continue;
    differences.push(difference);
    result = replaceOutput(result, block, printed);
  }
  return { text: result, differences };
}

/** A block that has an output to be compared with is read again until it prints that; another one runs once. */
async function runBlock(
  block: Block,
  blocks: readonly Block[],
  env: Readonly<Record<string, string>>,
  session: Session,
): Promise<() => Promise<string>> {
  const run = () => runShell(block, env, session.folder);
  const next = blocks[blocks.indexOf(block) + 1];
  if (next?.words.includes("output") && / 429\b|\b429$/m.test(next.body)) await isServed(block);
  if (next?.words.includes("output")) return run;
  await run();
  if (needsBinary([block])) await answers(session.folder);
  return () => Promise.resolve("");
}

/** Waits for the host of a block that counts its requests to be served: to another client than the block's. */
async function isServed({ body }: Block): Promise<void> {
  const [, host] = /-H 'Host: ([^']+)'/.exec(body) ?? [];
  if (host === undefined) return;
  const statusOf = () =>
    new Promise<number | undefined>((resolve, reject) => {
      get({ host: "127.0.0.1", localAddress: "127.0.0.99", headers: { host } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      }).on("error", reject);
    });
  await eventually(async () => ![404, 503].includes(await statusOf() ?? 404), {
    what: `${host} to be served`,
  });
}

/** What a block prints: what is expected as soon as it does, else what it has printed at last. */
async function eventuallyPrints(
  print: () => Promise<string>,
  expected: string,
  place: Place,
): Promise<string> {
  let printed = "";
  const isRight = async () => {
    printed = await print();
    return normal(printed, place) === normal(expected, place);
  };
  await eventually(isRight, { what: "the expected output" }).catch((error) => {
    if (printed === "") throw error;
  });
  return printed;
}

async function runShell(
  { body, words }: Block,
  env: Readonly<Record<string, string>>,
  folder: string,
): Promise<string> {
  const expected = Number(words.find((word) => word.startsWith("exit="))?.slice("exit=".length) ?? 0);
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-euo", "pipefail", "-c", body],
    cwd: folder,
    env,
    stdin: "null",
    signal: AbortSignal.timeout(60_000),
  }).output();
  const printed = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  assert.equal(code, expected, `${body}\n${printed}`);
  return printed;
}

/** Starts what runs beside the other examples, and waits until HAProxy answers. */
async function serve(body: string, env: Readonly<Record<string, string>>, session: Session): Promise<void> {
  const log = join(session.folder, "serve.log");
  const child = new Deno.Command("bash", {
    args: ["-c", `exec >>"$0" 2>&1; exec ${body}`, log],
    cwd: session.folder,
    env,
    stdin: "null",
  }).spawn();
  const ended = child.status.then(({ code }) => {
    throw new Error(`it ended with ${code}`);
  });
  ended.catch(() => {});
  session.defer(async () => {
    child.kill("SIGTERM");
    await child.status;
  });
  try {
    await Promise.race([answers(body), ended]);
  } catch (error) {
    throw new Error(`${body}: ${error}\n${await Deno.readTextFile(log)}`);
  }
}

const answers = (what: string): Promise<unknown> =>
  eventually(async () => {
    const { status } = await httpGet({ port: 80, path: "/haproxy?monitor", limitMs: 1_000 });
    return status === 200;
  }, { what: `HAProxy to answer on port 80 (${what})` });

/** Puts into the folder what a reader has: the repository's files, and the programs by their names. */
async function prepare(
  blocks: readonly Block[],
  { folder, engine, label, defer }: Session,
): Promise<Record<string, string>> {
  const socket = engine.replace(/^unix:\/\//, "");
  for (const name of FILES) {
    await Deno.writeTextFile(
      join(folder, name),
      (await Deno.readTextFile(ROOT + name)).replaceAll(`- ${SOCKET}:`, `- ${socket}:`),
    );
  }
  const compose = blocks.find(({ words }) => words.includes("compose"));
  if (compose !== undefined) {
    await Deno.writeTextFile(
      join(folder, "compose.yaml"),
      compose.body.replaceAll(`- ${SOCKET}:`, `- ${socket}:`),
    );
  }
  const binary = Deno.env.get("SIGNALBOX_BIN");
  if (needsBinary(blocks) && binary !== undefined) {
    await Deno.mkdir(join(folder, "dist"));
    await Deno.copyFile(binary, join(folder, "dist", "signalbox"));
  }
  const bin = join(folder, ".bin");
  await Deno.mkdir(bin);
  await script(join(bin, "signalbox"), `exec ${program().map(quoted).join(" ")} "$@"`);
  await script(join(bin, "sudo"), `exec env "$@"`);
  const dockerPath = await whereIs("docker");
  await script(
    join(bin, "docker"),
    `args=("\${@/#${SOCKET.replaceAll("/", "\\/")}:/${socket.replaceAll("/", "\\/")}:}")
case $1 in
  compose) exec docker-compose "\${args[@]:1}" ;;
  run) exec ${quoted(dockerPath)} run --label ${quoted(label)} "\${args[@]:1}" ;;
  *) exec ${quoted(dockerPath)} "\${args[@]}" ;;
esac`,
  );
  const env = {
    PATH: `${bin}:${Deno.env.get("PATH")}`,
    DOCKER_HOST: engine,
    DOCKER_BUILDKIT: "0",
    COMPOSE_PROJECT_NAME: "shop",
    COMPOSE_DOCKER_CLI_BUILD: "0",
    SIGNALBOX_STATE_DIR: join(folder, "state"),
  };
  if (blocks.some(({ words, body }) => words.includes("run") && body.includes("docker compose"))) {
    defer(() =>
      new Deno.Command("docker-compose", { args: ["down", "-t", "2"], cwd: folder, env, stderr: "null" })
        .output()
    );
  }
  return env;
}

async function script(path: string, body: string): Promise<void> {
  await Deno.writeTextFile(path, `#!/bin/bash\n${body}\n`, { mode: 0o755 });
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** Puts what a block prints into the page; blocks before it may have moved it a little. */
function replaceOutput(text: string, { at, body }: Block, printed: string): string {
  const from = text.indexOf(`output\n${body}\`\`\``, Math.max(0, at - 2_000)) + "output\n".length;
  return text.slice(0, from) + printed + text.slice(from + body.length);
}

/** Whether an image is on the tests' engine. */
export const hasImage = (name: string): Promise<boolean> =>
  docker("image", "inspect", "-f", "{{.Id}}", name).then(() => true, () => false);
