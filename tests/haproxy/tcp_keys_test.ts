/** What a route of TCP may ask for holds as it does for HTTP: a row for each key, on an old HAProxy and a newer one. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import { freePort, httpGet } from "../harness/http.ts";
import { type Said, snapshotOf } from "./one_route.ts";
import { called, canAddBackends, onStage, programs, type Stage } from "./stage.ts";
import { greeted, greets, Session, Talker } from "./talker.ts";

/** A stage with one container of TCP, called db, at a port. */
type Play = {
  readonly stage: Stage;
  readonly port: number;
  readonly server: Talker;
  /** Applies the container with what it says, and others beside it; answers with the kind of the plan. */
  readonly apply: (data: Readonly<Record<string, unknown>>, ...others: readonly Said[]) => Promise<string>;
};

const ended = (session: Session): Promise<string> => session.line().catch(() => "ended");

const ROWS: Readonly<Record<string, (play: Play) => Promise<void>>> = {
  "max_connections: one more waits until another ends": async ({ port, apply }) => {
    await apply({ max_connections: 1, queue_timeout: 60_000 });
    const first = await Session.open(port);
    const second = Session.open(port);
    assert.equal(
      await Promise.race([second.then(() => "second"), first.say("still here")]),
      "db: still here",
    );
    first[Symbol.dispose]();
    using session = await second;
    assert.equal(await session.say("hello"), "db: hello");
  },
  "tunnel_timeout: a silent session ends, and one that talks does not": async ({ port, apply }) => {
    await apply({ tunnel_timeout: 1_500 });
    using silent = await Session.open(port);
    using talking = await Session.open(port);
    const silence = ended(silent);
    let isOver = false;
    silence.then(() => isOver = true);
    while (!isOver) assert.equal(await talking.say("hello"), "db: hello");
    assert.equal(await silence, "ended");
  },
  "health_check: a container that does not answer as it should is not asked": async (
    { stage, port, apply },
  ) => {
    await apply({ check: "redis-check", check_interval: 100 });
    await eventually(async () => await greeted(port) === "refused", { what: "the check to fail" });
    await apply({ check: "tcp-check", check_interval: 100 });
    await greets(port, "db");
    assert.ok(stage.applier.loader.count >= 2);
  },
  "a container that ends without a word costs nobody a connection": async ({ port, apply }) => {
    const ending = new Talker("ending");
    const data = { hostname: "db.local", protocol: "tcp", listen_port: port, check_interval: 100 };
    await apply({ check_interval: 100 }, { port: ending.port, data });
    await greets(port, "ending");
    await ending[Symbol.asyncDispose]();
    for (let times = 0; times < 8; times++) assert.equal(await greeted(port), "db");
  },
  "readiness: a container that does not answer yet is not asked, and then is without a reload": async (
    { stage, port, server, apply },
  ) => {
    await using other = new Talker("other");
    const data = { hostname: "db.local", protocol: "tcp", listen_port: port };
    await apply({}, { port: other.port, data });
    const all = [{ port: server.port, data }, { port: other.port, data }];
    await stage.apply(want(stage.routing, snapshotOf(all), { not_ready: ["web0"] }));
    for (let times = 0; times < 4; times++) assert.equal(await greeted(port), "other");
    const { plan } = await stage.apply(want(stage.routing, snapshotOf(all), { not_ready: ["web1"] }));
    assert.equal(plan.kind, "runtime");
    for (let times = 0; times < 4; times++) assert.equal(await greeted(port), "db");
  },
  "send_proxy: v2 comes before all else": async ({ port, server, apply }) => {
    await apply({ send_proxy: "v2" });
    using session = await Session.open(port);
    await session.connection.write(new TextEncoder().encode("hello\n"));
    const heard = await eventually(() => server.heard.find((text) => text.endsWith("hello\n")), {
      what: "the container to hear the client",
    });
    // The signature, version 2 and PROXY, TCP over IPv4, 12 bytes of addresses; HAProxy's proxy-protocol.txt, 2.2.
    assert.equal(heard.slice(0, 20), "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01");
  },
  "a port that is full takes nothing from another, or from HTTP": async ({ stage, port, apply }) => {
    await using other = new Talker("other");
    const second = freePort();
    await stage.replace({
      "tcp-ports": `${port},${second}`,
      "max-connections": "16",
      "max-connections-per-client": "16",
    });
    await apply({}, {
      port: other.port,
      data: { hostname: "other.local", protocol: "tcp", listen_port: second },
    });
    const open: Session[] = [];
    for (let at = 0; at < 8; at++) open.push(await Session.open(port));
    const waiting = Session.open(port);
    assert.equal(await greeted(second), "other");
    assert.equal((await httpGet({ port: stage.httpPort, host: "nobody.local" })).status, 404);
    assert.equal(await Promise.race([waiting.then(() => "let in"), open[0]?.say("full")]), "db: full");
    for (const session of open) session[Symbol.dispose]();
    (await waiting)[Symbol.dispose]();
  },
};

const chosen = programs.filter((program) =>
  /^(?:2\.6|3\.2)\b/.test(program.version) && !canAddBackends(program)
);
for (const program of chosen) {
  for (const [sentence, act] of Object.entries(ROWS)) {
    Deno.test(`${called(program)}: ${sentence}`, async () => {
      const port = freePort();
      await using server = new Talker("db");
      await onStage(program, { settings: { "tcp-ports": `${port}` } }, async (stage) => {
        const apply: Play["apply"] = async (data, ...others) => {
          const own = { hostname: "db.local", protocol: "tcp", listen_port: port, ...data };
          const all = [{ port: server.port, data: own }, ...others];
          return (await stage.apply(want(stage.routing, snapshotOf(all), {}))).plan.kind;
        };
        await act({ stage, port, server, apply });
      });
    });
  }
}
