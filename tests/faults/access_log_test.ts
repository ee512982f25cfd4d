/** The access log has each request once, however its stream ends, and says how many it has not. */
import assert from "node:assert/strict";
import { BUILTIN_TEMPLATES } from "../../lib/core/config/templates.ts";
import { eventually } from "../harness/eventually.ts";
import { eventLine, eventsOf } from "../harness/events.ts";
import { haproxies } from "../harness/haproxies.ts";
import { freePort, httpGet } from "../harness/http.ts";
import type { RunningProgram } from "../harness/program.ts";
import { parseMetrics } from "../report/prometheus.ts";
import { FaultStage } from "./stage.ts";

const HOST = "good.example";

/** The paths that are in the access log, as often as they are there. */
const logged = (...programs: readonly RunningProgram[]): string[] =>
  programs.flatMap(({ lines }) => lines).filter((line) => line.includes('"kind":"access"'))
    .flatMap((line) => /"GET (\/\w+)/.exec(JSON.parse(line).msg)?.[1] ?? []);

const isLogged = (path: string | readonly string[], ...programs: readonly RunningProgram[]) =>
  eventually(() => new Set([path].flat()).isSubsetOf(new Set(logged(...programs))), {
    what: `${path} in the access log`,
  });

async function request(stage: FaultStage, path: string): Promise<void> {
  const { status } = await httpGet({ port: stage.port, host: HOST, path });
  assert.equal(status, 200);
}

/** A request that its container fails, which is logged where not all are, however many there are. */
async function failed(stage: FaultStage, path: string): Promise<void> {
  const { status } = await httpGet({ port: stage.port, host: HOST, path, headers: { "x-fails": "yes" } });
  assert.equal(status, 500);
}

/** A request that HAProxy answers itself, which is logged where not all are. */
async function refused(stage: FaultStage, path: string): Promise<void> {
  const { status } = await httpGet({ port: stage.port, host: "unknown.example", path });
  assert.equal(status, 404);
}

const ALL = ["--access-log", "all"];

/** Ends every session with HAProxy's socket, as it does itself with those that are quiet. */
async function endStreams(stage: FaultStage): Promise<void> {
  const sessions = await stage.ask("show sess");
  const ids = sessions.split("\n").filter((line) => /fe=GLOBAL/.test(line)).map((line) => line.split(":")[0]);
  assert.ok(ids.length > 1, sessions);
  for (const id of ids) await stage.ask(`shutdown session ${id}`);
}

const countOf = async (port: number, name: string) =>
  parseMetrics((await httpGet({ port, path: "/metrics" })).body).find((sample) => sample.name === name)
    ?.value;

/** Each way of logging, with a request that it logs, and whether a stream waits for its lines. */
const WAYS = [
  { way: "all requests are", flags: ALL, request, isStream: false },
  { way: "only failed ones are", flags: [], request: failed, isStream: true },
] as const;

for (
  const [haproxy, { way, flags: more, request, isStream }] of (await haproxies()).flatMap((haproxy) =>
    WAYS.map((way) => [haproxy, way] as const)
  )
) {
  Deno.test(`each request is logged once where ${way}, though HAProxy ${haproxy.version} ends streams, reloads and is handed over`, async () => {
    await using stage = await FaultStage.open({ host: HOST });
    const admin = freePort();
    const flags = ["--haproxy", haproxy.path, ...more];
    const first = stage.start([...flags, "--admin", `127.0.0.1:${admin}`]);
    await stage.answers(HOST);
    await request(stage, "/a");
    await isLogged("/a", first);
    for (const [at, path] of ["/b", "/c"].entries()) {
      if (isStream) await endStreams(stage);
      await request(stage, path);
      await isLogged(path, first);
      const reopened = await countOf(admin, "signalbox_access_log_reopened_total");
      assert.equal(reopened, isStream ? at + 1 : 0);
    }
    const from = first.lines.length;
    first.kill("SIGHUP");
    await stage.says(first, eventLine("reloaded"), from);
    await request(stage, "/d");
    await isLogged("/d", first);
    const second = stage.start(flags);
    const asking = (async () => {
      const paths: string[] = [];
      while (!second.lines.some((line) => eventLine("adopted").test(line))) {
        paths.push(`/e${paths.length}`);
        await request(stage, `/e${paths.length - 1}`);
      }
      return paths;
    })();
    const meanwhile = await asking;
    await request(stage, "/f");
    await isLogged("/f", second);
    assert.equal(await first.exited, 0);
    const paths = ["/a", "/b", "/c", "/d", ...meanwhile, "/f"];
    // HAProxy's threads log in no certain order.
    await isLogged(paths, first, second);
    assert.deepEqual(logged(first, second).filter((path) => paths.includes(path)).sort(), paths.sort());
    assert.deepEqual(
      [...first.lines, ...second.lines].filter((line) => /"event":"access-log/.test(line)),
      [],
    );
  });

  Deno.test(`a request that HAProxy ${haproxy.version} ends long after a reload is logged where ${way}`, async () => {
    await using stage = await FaultStage.open({ host: HOST });
    const program = stage.start(["--haproxy", haproxy.path, ...more]);
    await stage.answers(HOST);
    using connection = await Deno.connect({ port: stage.port });
    const host = isStream ? "unknown.example" : HOST;
    await connection.write(new TextEncoder().encode(`GET /late HTTP/1.1\r\nHost: ${host}\r\n`));
    await stage.accepted(connection);
    const from = program.lines.length;
    program.kill("SIGHUP");
    await stage.says(program, eventLine("reloaded"), from);
    const ageOfOld = async () => (await stage.status()).haproxy.oldestWorkerSeconds;
    const before = await ageOfOld();
    // Longer than streams of old workers were once read.
    await eventually(async () => await ageOfOld() >= before + 3, { what: "the old worker to grow older" });
    await connection.write(new TextEncoder().encode("Connection: close\r\n\r\n"));
    await new Response(connection.readable).text();
    await isLogged("/late", program);
    await eventually(async () => (await stage.status()).haproxy.oldWorkers === 0, {
      what: "the old worker to end",
    });
  });
}

Deno.test("the access log goes on after a night without a request, here of two seconds", async () => {
  await using stage = await FaultStage.open({ host: HOST });
  const template = (BUILTIN_TEMPLATES["process.cfg.eta"] ?? "").replace(
    "stats timeout 10m",
    "stats timeout 2s",
  );
  await stage.write("templates/process.cfg.eta", template);
  const program = stage.start(["--templates", `${stage.folder}/templates`]);
  await stage.answers(HOST);
  await refused(stage, "/evening");
  await isLogged("/evening", program);
  const { accessLog, uptimeSeconds: evening = 0 } = (await stage.status()).haproxy;
  // Not every HAProxy ends a stream that is quiet, and 2.6 does not do so each time.
  await eventually(async () => {
    const { haproxy } = await stage.status();
    const isMorning = (haproxy.uptimeSeconds ?? 0) >= evening + 6;
    return haproxy.accessLog?.reopened !== accessLog?.reopened || isMorning;
  }, { what: "HAProxy to end the stream, or not" });
  await refused(stage, "/morning");
  await isLogged("/morning", program);
  assert.deepEqual(logged(program).filter((path) => path !== "/"), ["/evening", "/morning"]);
});

Deno.test("lines that come faster than they are read are counted, and told of once", async () => {
  await using stage = await FaultStage.open({ host: HOST });
  const admin = freePort();
  const program = stage.start(["--admin", `127.0.0.1:${admin}`]);
  await stage.answers(HOST);
  let sent = logged(program).length;
  const flood = async () => {
    program.kill("SIGSTOP");
    try {
      for (let batch = 0; batch < 50; batch++) sent += await requestLongPaths(stage, 50);
    } finally {
      program.kill("SIGCONT");
    }
  };
  await flood();
  let lost = 0;
  // HAProxy tells of what it dropped with a later line, and 2.6 now and then not before it drops more.
  await eventually(async () => {
    await refused(stage, "/after");
    sent++;
    lost = await countOf(admin, "signalbox_access_log_lost_lines_total") ?? 0;
    // It may tell of the first few of them alone.
    if (lost <= 100 && sent % 20 === 0) await flood();
    return lost > 100 && logged(program).includes("/after");
  }, { what: "HAProxy to tell of lost lines", everyMs: 100, limitMs: 60_000 });
  assert.ok(logged(program).length + lost <= sent, `${logged(program).length} + ${lost} of ${sent}`);
  await stage.says(program, eventLine("access-log-lost"));
  assert.equal(eventsOf(program.lines, "access-log-lost").length, 1);
});

/** Requests that HAProxy answers itself, of which its ring has room for some 1,100; answers with their number. */
async function requestLongPaths(stage: FaultStage, count: number): Promise<number> {
  const text = `GET /${"x".repeat(850)} HTTP/1.1\r\nHost: unknown.example\r\n\r\n`.repeat(count);
  using connection = await Deno.connect({ port: stage.port });
  await connection.write(new TextEncoder().encode(text));
  const [reader, decoder] = [connection.readable.getReader(), new TextDecoder()];
  for (let said = ""; said.split("HTTP/1.1 404").length <= count;) {
    said += decoder.decode((await reader.read()).value);
  }
  await reader.cancel();
  return count;
}

/** A signalbox logs a request, notes how far it has read, and is killed; answers with it and the path of its mark. */
async function killedWithMark(stage: FaultStage) {
  const first = stage.start(ALL);
  await stage.answers(HOST);
  await request(stage, "/before");
  await isLogged("/before", first);
  const mark = `${stage.stateDir}/access.mark`;
  await eventually(async () => (await Deno.readTextFile(mark)).includes("/before"), { what: "a mark" });
  await first.stop("SIGKILL");
  return { first, mark };
}

Deno.test("a signalbox that follows one that was killed reads on from where that one was", async () => {
  await using stage = await FaultStage.open({ host: HOST });
  const { first } = await killedWithMark(stage);
  await request(stage, "/between");
  const second = stage.start(ALL);
  await stage.says(second, eventLine("adopted"));
  await request(stage, "/after");
  await isLogged("/after", second);
  assert.deepEqual(logged(first, second).filter((path) => path !== "/"), ["/before", "/between", "/after"]);
});

Deno.test("a signalbox that is not told how far the one before has read says that lines may be lost", async () => {
  await using stage = await FaultStage.open({ host: HOST });
  const { mark } = await killedWithMark(stage);
  await Deno.remove(mark);
  const second = stage.start(ALL);
  await stage.says(second, eventLine("access-log-unmarked"));
  await request(stage, "/after");
  await isLogged("/after", second);
  assert.ok(!logged(second).includes("/before"));
});

Deno.test("of requests that succeed none is logged where that is not asked for, and of the others each", async () => {
  await using stage = await FaultStage.open({ host: HOST });
  const program = stage.start();
  await stage.answers(HOST);
  await request(stage, "/good");
  await refused(stage, "/refused");
  await isLogged("/refused", program);
  // Before it was ready, the host's first page was refused.
  const lines = program.lines.filter((line) => line.includes('"kind":"access"') && !/"path":"\/"/.test(line));
  assert.equal(lines.length, 1);
  const { client, host, route, method, path, status, end } = JSON.parse(lines[0] ?? "");
  assert.deepEqual(
    { client, host, route, method, path, status, end },
    {
      client: "127.0.0.1",
      host: "unknown.example",
      route: "_unknown_host",
      method: "GET",
      path: "/refused",
      status: 404,
      end: "PR--",
    },
  );
});

Deno.test("a host that a spare serves is logged under its own route, with its container", async () => {
  await using stage = await FaultStage.open({ host: HOST });
  const program = stage.start(ALL);
  await stage.answers(HOST);
  assert.match(await stage.ask("show map hosts.map"), / good\.example\/ /);
  await request(stage, "/good");
  await isLogged("/good", program);
  const line = program.lines.find((line) => line.includes('"/good"') || line.includes("GET /good")) ?? "";
  const { route, container, status } = JSON.parse(line);
  assert.deepEqual([route, status], [HOST, 200]);
  assert.match(container, /^[0-9a-z]{1,12}$/);
});

Deno.test("with --access-log off HAProxy keeps no log", async () => {
  await using stage = await FaultStage.open({ host: HOST });
  const program = stage.start(["--access-log", "off"]);
  await stage.answers(HOST);
  await refused(stage, "/refused");
  assert.match(await stage.ask("show events"), /^(?!.*_access)/s);
  assert.deepEqual(logged(program), []);
});
