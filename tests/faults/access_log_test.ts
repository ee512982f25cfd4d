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

const isLogged = (path: string, ...programs: readonly RunningProgram[]) =>
  eventually(() => logged(...programs).includes(path), { what: `${path} in the access log` });

async function request(stage: FaultStage, path: string): Promise<void> {
  const { status } = await httpGet({ port: stage.port, host: HOST, path });
  assert.equal(status, 200);
}

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

for (const haproxy of await haproxies()) {
  Deno.test(`each request is logged once, though HAProxy ${haproxy.version} ends the stream, reloads and is handed over`, async () => {
    await using stage = await FaultStage.open({ host: HOST });
    const admin = freePort();
    const flags = ["--haproxy", haproxy.path];
    const first = stage.start([...flags, "--admin", `127.0.0.1:${admin}`]);
    await stage.answers(HOST);
    await request(stage, "/a");
    await isLogged("/a", first);
    for (const [at, path] of ["/b", "/c"].entries()) {
      await endStreams(stage);
      await request(stage, path);
      await isLogged(path, first);
      assert.equal(await countOf(admin, "signalbox_access_log_reopened_total"), at + 1);
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
    assert.deepEqual(logged(first, second).filter((path) => paths.includes(path)).sort(), paths.sort());
    assert.deepEqual(
      [...first.lines, ...second.lines].filter((line) => /"event":"access-log/.test(line)),
      [],
    );
  });

  Deno.test(`a request that HAProxy ${haproxy.version} ends long after a reload is logged`, async () => {
    await using stage = await FaultStage.open({ host: HOST });
    const program = stage.start(["--haproxy", haproxy.path]);
    await stage.answers(HOST);
    using connection = await Deno.connect({ port: stage.port });
    await connection.write(new TextEncoder().encode(`GET /late HTTP/1.1\r\nHost: ${HOST}\r\n`));
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
  await request(stage, "/evening");
  await isLogged("/evening", program);
  const { accessLog, uptimeSeconds: evening = 0 } = (await stage.status()).haproxy;
  // Not every HAProxy ends a stream that is quiet, and 2.6 does not do so each time.
  await eventually(async () => {
    const { haproxy } = await stage.status();
    const isMorning = (haproxy.uptimeSeconds ?? 0) >= evening + 6;
    return haproxy.accessLog?.reopened !== accessLog?.reopened || isMorning;
  }, { what: "HAProxy to end the stream, or not", limitMs: 20_000 });
  await request(stage, "/morning");
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
    await request(stage, "/after");
    sent++;
    lost = await countOf(admin, "signalbox_access_log_lost_lines_total") ?? 0;
    if (lost === 0 && sent % 20 === 0) await flood();
    return lost > 0 && logged(program).includes("/after");
  }, { what: "HAProxy to tell of lost lines", everyMs: 100, limitMs: 20_000 });
  assert.ok(
    lost > 100 && logged(program).length + lost <= sent,
    `${logged(program).length} + ${lost} of ${sent}`,
  );
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
  const first = stage.start();
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
  const second = stage.start();
  await stage.says(second, eventLine("adopted"));
  await request(stage, "/after");
  await isLogged("/after", second);
  assert.deepEqual(logged(first, second).filter((path) => path !== "/"), ["/before", "/between", "/after"]);
});

Deno.test("a signalbox that is not told how far the one before has read says that lines may be lost", async () => {
  await using stage = await FaultStage.open({ host: HOST });
  const { mark } = await killedWithMark(stage);
  await Deno.remove(mark);
  const second = stage.start();
  await stage.says(second, eventLine("access-log-unmarked"));
  await request(stage, "/after");
  await isLogged("/after", second);
  assert.ok(!logged(second).includes("/before"));
});
