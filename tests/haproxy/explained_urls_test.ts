/** What `explain URL` says of a request is what HAProxy does with it. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { readSnapshot } from "../../lib/cli/input.ts";
import { prepareRouting } from "../../lib/cli/routing.ts";
import { settingsOf } from "../../lib/cli/settings.ts";
import type { Desired } from "../../lib/core/config/render.ts";
import { parseRequest } from "../../lib/core/request/client_request.ts";
import { type Trace, traceRequest } from "../../lib/core/request/trace.ts";
import { decodeSnapshot } from "../../lib/docker/file/snapshot_file.ts";
import { openRouting } from "../changes/situation.ts";
import { freePort } from "../harness/http.ts";
import { BareHaproxy, type Decided, type Question } from "./bare_haproxy.ts";
import { certificate } from "./certificate.ts";
import { questionsFor } from "./questions.ts";
import { everyProgram } from "./stage.ts";
import { worldOf } from "./worlds.ts";

const CASES = new URL("../cases/", import.meta.url);

/** A question as `explain` is asked it; clients of these tests come from the loopback. */
function tracesOf({ isTls, host, target, method, headers }: Question, desired: Desired): readonly Trace[] {
  const request = parseRequest(`${isTls ? "https" : "http"}://${host}${target}`, {
    method,
    headers: [`Host: ${host}`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)],
    from: "127.0.0.1",
  });
  assert.ok(request.ok, request.ok ? "" : request.expected);
  return traceRequest(request.value, desired).map(({ trace }) => trace);
}

/** Whether HAProxy did what a trace says. */
function agrees(decided: Decided, { answer, steps }: Trace): boolean {
  const mayRefuse = steps.some(({ outcome, status }) => outcome === "depends" && status === decided.status);
  if (decided.backend === "_refused" && mayRefuse) return true;
  // The service that is asked is nobody here.
  if (decided.backend === "_refused" && steps.some(({ rule }) => rule === "ask")) {
    return decided.status === 503;
  }
  if (answer.by === "container") {
    return decided.backend === answer.backend && decided.route === answer.route && decided.status === 503 &&
      decided.path === answer.sees?.path && decided.host === answer.sees?.host;
  }
  if (answer.by === "nobody") return false;
  const isOwn = decided.backend === undefined || decided.backend.startsWith("_");
  return isOwn && decided.status === answer.status && decided.location === answer.location;
}

/** How many are under way at a time, and how many of a config are asked: what takes longest is TLS. */
const AT_ONCE = 8;
const MOST = 25;

/** Asks some of the questions, as far from each other as can be; answers with how many. */
async function compare(
  haproxy: BareHaproxy,
  desired: Desired,
  all: readonly Question[],
  most = MOST,
): Promise<number> {
  const every = Math.max(1, all.length / most);
  const questions = Array.from({ length: Math.min(all.length, most) }, (_, at) => all[Math.floor(at * every)])
    .filter((question) => question !== undefined);
  const left = questions.values();
  const ask = async () => {
    for (const question of left) await compareOne(haproxy, desired, question);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
  return questions.length;
}

async function compareOne(haproxy: BareHaproxy, desired: Desired, question: Question): Promise<void> {
  const traces = tracesOf(question, desired);
  // Nobody is here who could be asked.
  if (
    traces.some(({ steps }) => steps.some(({ rule, outcome }) => rule === "ask" && outcome === "depends"))
  ) return;
  const decided = await haproxy.ask(question);
  const words = [question, decided, ...traces].map((each) => JSON.stringify(each)).join("\n");
  assert.ok(traces.some((trace) => agrees(decided, trace)), words);
}

const [program] = everyProgram;
assert.ok(program !== undefined);

/** A case's snapshot with its settings, at ports of its own. */
async function renderCase(folder: URL, ports: { http: number; https: number }): Promise<Desired | undefined> {
  const settings: Record<string, string> = JSON.parse(
    await Deno.readTextFile(new URL("settings.json", folder)).catch(() => "{}"),
  );
  if (settings["haproxy-version"] !== undefined || settings["snapshot"] !== undefined) return undefined;
  const { path } = await certificate();
  const places: Readonly<Record<string, string>> = {
    CERTIFICATE: path,
    ROUTES: fileURLToPath(new URL("routes.yaml", folder)),
    PAGES: fileURLToPath(new URL("pages", folder)),
  };
  const valueOf = (text: string | undefined) => text === undefined ? undefined : places[text] ?? text;
  // Other machines of a fleet are none of a request's matter, and their addresses none of this machine's.
  const options = Object.entries(settings).filter(([name]) => !/^(?:[A-Z_]+$|peer)/.test(name)).map((
    [flag, value],
  ) => [
    flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    value === "" ? true : [valueOf(value)],
  ]);
  const terminal = {
    env: (name: string) => name.startsWith("SIGNALBOX_PEER") ? undefined : valueOf(settings[name]),
    out: () => Promise.resolve(),
    err: () => undefined,
    isErrTerminal: false,
    isOutTerminal: false,
    stdin: () => Deno.readTextFile(new URL("snapshot.json", folder)),
  };
  const given = settingsOf({
    ...Object.fromEntries(options),
    snapshot: ["-"],
    haproxyVersion: ["2.6"],
    bind: ["127.0.0.1"],
    httpPort: [`${ports.http}`],
    httpsPort: [`${ports.https}`],
  }, terminal);
  const { design } = await prepareRouting(given);
  return design.render(design.build(await readSnapshot(given, terminal)).model);
}

Deno.test("each host, path and variant of each case is explained as HAProxy does it", async () => {
  let asked = 0;
  for await (const { name, isDirectory } of Deno.readDir(CASES)) {
    if (!isDirectory) continue;
    const ports = { http: freePort(), https: freePort() };
    const desired = await renderCase(new URL(`${name}/`, CASES), ports);
    if (desired === undefined || desired.model.streams.routes.length > 0) continue;
    const questions = questionsFor(desired.model);
    await using haproxy = await BareHaproxy.start(program.path, desired, ports);
    asked += await compare(haproxy, desired, questions).catch((error) => {
      throw new Error(`${name.replaceAll("_", " ")}:\n${error.message}`);
    });
  }
  assert.ok(asked > 2_000, `${asked} requests`);
});

/** SIGNALBOX_TEST_SEQUENCES=500 is a longer run, from SIGNALBOX_TEST_SEED on. */
const FIRST_SEED = Number(Deno.env.get("SIGNALBOX_TEST_SEED") ?? 1);
const WORLDS = Number(Deno.env.get("SIGNALBOX_TEST_SEQUENCES") ?? 6);

Deno.test("worlds at random, whose routes get in each other's way, are explained as HAProxy does it", async () => {
  const { path } = await certificate();
  for (let seed = FIRST_SEED; seed < FIRST_SEED + WORLDS; seed++) {
    const ports = { http: freePort(), https: freePort() };
    const { design } = await openRouting({
      "haproxy-version": "2.6",
      "bind": "127.0.0.1",
      "http-port": `${ports.http}`,
      "https-port": `${ports.https}`,
      "tls-cert": path,
    });
    const decoded = decodeSnapshot(worldOf(seed));
    assert.ok(decoded.ok);
    const desired = design.render(design.build(decoded.value).model);
    await using haproxy = await BareHaproxy.start(program.path, desired, ports);
    await compare(haproxy, desired, questionsFor(desired.model), 150).catch((error) => {
      throw new Error(`seed ${seed}:\n${error.message}`);
    });
  }
});
