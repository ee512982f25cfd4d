/**
 * HAProxy reads and writes lines of limited length: 2,000 characters in its state file, where a longer one makes it ignore
 * the whole file, 16 kB on its socket, 1,024 in its log. Nothing that a container says makes a line longer than that.
 */
import assert from "node:assert/strict";
import { renderDesired } from "../../lib/core/config/render.ts";
import type { Backend, Model } from "../../lib/core/model/model.ts";
import type { BackendName, HostName, PathPrefix, ServerName } from "../../lib/core/values/names.ts";
import { backendName, currentName } from "../../lib/core/values/section_names.ts";
import { want, type Wanted } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import { httpGet } from "../harness/http.ts";
import { Containers } from "./containers.ts";
import { called, canAddServers, onStage, programs, send, type Stage } from "./stage.ts";

const labels = (...digits: [string, number][]) =>
  digits.map(([digit, count]) => digit.repeat(count)).join(".");
const LONG_HOST = labels(["a", 63], ["b", 63], ["c", 63], ["d", 61]);
const LONG_WILDCARD = `*.${labels(["a", 61], ["b", 63], ["c", 63], ["d", 61])}`;
const LONG_PATH = `/${"%".repeat(199)}`;
const LONG_CHECK = `httpchk GET /${"x".repeat(255)} HTTP/1.1`;

/** A container on the loopback, with whatever it says in INTERLOCK_DATA. */
function container(digit: string, name: string, data: object) {
  return {
    Id: digit.repeat(64),
    Name: `/${name}`,
    Created: "2024-05-01T10:00:00Z",
    State: { Status: "running", StartedAt: "2024-05-01T10:00:01Z" },
    Config: { Env: [`INTERLOCK_DATA=${JSON.stringify(data)}`], ExposedPorts: { "80/tcp": {} } },
    HostConfig: { NetworkMode: "bridge" },
    NetworkSettings: { Ports: {}, Networks: { bridge: { IPAddress: `127.17.0.${parseInt(digit, 16)}` } } },
  };
}

const HELD = container("2", "held", { hostname: "held.local" });
const OPEN = container("3", "open", { hostname: "open.local" });
/** Everything that a name, a check or a comment is made of, as long as it is taken. */
const LONGEST = [
  { hostname: LONG_HOST, context_root: LONG_PATH, check: LONG_CHECK },
  { hostname: LONG_HOST, check: LONG_CHECK, ssl_backend: true, ssl_backend_tls_verify: "required" },
  { hostname: LONG_WILDCARD, context_root: LONG_PATH, context_root_rewrite: true },
  {
    hostname: "many.local",
    context_root: LONG_PATH,
    alias_domains: Array.from({ length: 100 }, (_, at) => `${at}`.padStart(63, "z") + LONG_HOST.slice(63)),
  },
];
const LONG = container("4", "l".repeat(128), LONGEST);

async function states(stage: Stage): Promise<ReadonlyMap<string, string>> {
  const [text = ""] = await send(stage, "show servers state");
  const lines = text.split("\n").map((line) => line.split(" "));
  // Bit 0 of the administrative state: put into maintenance (management guide, `show servers state`).
  return new Map(lines.filter(({ length }) => length > 6).map((words) => [words[3] ?? "", words[6] ?? ""]));
}

for (const program of programs) {
  Deno.test(`${called(program)}: the state file is read whole, however long the names that containers ask for`, async () => {
    await using containers = new Containers();
    const snapshot = containers.move(JSON.stringify([HELD, OPEN, LONG]));
    await containers.start(containers.move(JSON.stringify([OPEN])));
    await onStage(program, {}, async (stage) => {
      const wanted = want(stage.routing, snapshot, { not_ready: ["held", LONG.Name.slice(1)] });
      assert.equal(wanted.desired.model.backends.length, 2 + LONGEST.length);
      await stage.apply(wanted);
      const file = await Deno.readTextFile(`${stage.stateDir}/current/servers.state`);
      const longest = Math.max(...file.split("\n").map((line) => line.length));
      assert.ok(longest > 400 && longest < 1_000, `${longest} characters`);
      const found = await states(stage);
      for (const { servers } of wanted.desired.model.backends) {
        for (const { name, containerName } of servers) {
          assert.equal(found.get(name), containerName === "open" ? "0" : "1", name);
        }
      }
      assert.deepEqual(stage.report.lines.filter((line) => /corrupt|truncat|too long/i.test(line)), []);
      assert.equal((await httpGet({ port: stage.httpPort, host: "held.local" })).status, 503);
      assert.equal((await httpGet({ port: stage.httpPort, host: "open.local" })).status, 200);
      const { status } = await httpGet({ port: stage.httpPort, host: LONG_HOST, path: `${LONG_PATH}/x` });
      assert.equal(status, 503);
      const name = backendName(LONG_HOST as HostName, LONG_PATH as PathPrefix);
      await eventually(async () => {
        const [log = ""] = await send(stage, "show events _access");
        // Backend and server, and after them still the request.
        return log.includes(`${name}/<NOSRV>`) && /"GET \/%%%/.test(log);
      }, { what: "the request in the log" });
    });
  });
}

for (const program of programs.filter(canAddServers)) {
  Deno.test(`${called(program)}: the longest names are added while it runs, and deleted`, async () => {
    await using containers = new Containers();
    const plain = { hostname: LONG_HOST, context_root: LONG_PATH };
    const [before, after] = [[OPEN], [OPEN, container("4", "long", plain)]].map((all) =>
      containers.move(JSON.stringify(all))
    );
    await containers.start(after ?? "");
    await onStage(program, {}, async (stage) => {
      const wish = (text = "") => want(stage.routing, text, {});
      await stage.apply(wish(before));
      const reloads = stage.applier.loader.count;
      assert.equal((await stage.apply(wish(after))).plan.kind, "runtime");
      const get = async () =>
        (await httpGet({ port: stage.httpPort, host: LONG_HOST, path: `${LONG_PATH}/x` })).status;
      assert.equal(await get(), 200);
      assert.equal((await stage.apply(wish(before))).plan.kind, "runtime");
      assert.equal(await get(), 404);
      assert.equal(stage.applier.loader.count, reloads);
    });
  });

  Deno.test(`${called(program)}: one that an earlier signalbox gave whole names is taken over without a lost request`, async () => {
    await using containers = new Containers();
    const long = container("4", "long", { hostname: LONG_HOST });
    const snapshot = containers.move(JSON.stringify([OPEN, long]));
    await containers.start(snapshot);
    await onStage(program, {}, async (stage) => {
      const wanted = want(stage.routing, snapshot, {});
      const earlier = withWholeNames(wanted.desired.model);
      await stage.apply(renamed(stage, earlier));
      const ending = new AbortController();
      const client = askOn(stage.httpPort, [LONG_HOST, "open.local"], ending.signal);
      await stage.replace();
      // What had traffic has it on: it is known by its name of today.
      const names = [...(await states(stage)).keys()].map((name) => currentName(name as ServerName));
      const today = wanted.desired.model.backends.flatMap(({ servers }) => servers.map(({ name }) => name));
      assert.deepEqual(names.filter((name) => today.includes(name)).sort(), today.sort());
      const again = () => want(stage.routing, snapshot, {});
      await stage.apply(again());
      // HAProxy keeps a server whose connections idle for seconds more; deleting it is all that may be left by then.
      await eventually(async () => {
        const { plan, isWaiting } = await stage.apply(again());
        return plan.kind === "nothing" || isWaiting;
      }, { what: "all to be done" });
      ending.abort();
      const { count, failed } = await client;
      assert.deepEqual(failed, []);
      assert.ok(count > 0);
      const found = await states(stage);
      assert.ok(today.every((name) => found.get(name) === "0"), [...found.keys()].join("\n"));
    });
  });
}

/** The model as it was when names had no bound. */
function withWholeNames(model: Model): Model {
  const whole = ({ host, path }: Backend) => `${host}${path}` as BackendName;
  return {
    ...model,
    backends: model.backends.map((backend) => ({
      ...backend,
      name: whole(backend),
      servers: backend.servers.map((server) => ({
        ...server,
        name: server.name.replace(backend.name, whole(backend)) as ServerName,
      })),
      routes: backend.routes.map((route) => ({ ...route, backend: whole(backend) })),
    })),
    routes: model.routes.map((route) => ({ ...route, backend: `${route.host}${route.path}` as BackendName })),
  };
}

function renamed(stage: Stage, model: Model): Wanted {
  const desired = renderDesired(model, stage.routing.templates, stage.routing.settings);
  const names = model.backends.flatMap(({ servers }) => servers.map(({ name }) => [name, "ready"] as const));
  return { desired, states: new Map(names) };
}

/** Asks hosts in turn until the signal; answers with how often, and what failed. */
async function askOn(port: number, hosts: readonly string[], signal: AbortSignal) {
  const failed: string[] = [];
  let count = 0;
  while (!signal.aborted) {
    for (const host of hosts) {
      const answer = await httpGet({ port, host }).then(({ status }) => `${status}`, String);
      if (answer !== "200") failed.push(`${host}: ${answer}`);
      count++;
    }
  }
  return { count, failed };
}
