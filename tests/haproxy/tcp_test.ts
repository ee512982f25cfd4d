/** TCP: who gets a connection, who may come in, how a port comes and goes, and how long a session lives. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { freePort } from "../harness/http.ts";
import { type Said, snapshotOf } from "./one_route.ts";
import { called, canAddServers, onStage, programs, settled, type Stage } from "./stage.ts";
import { asked, askedByOpenssl, greeted, greets, Session, Talker, TlsTalker } from "./talker.ts";

/** Containers, each with its port and what it says; the oldest first. */
async function apply(stage: Stage, all: readonly Said[]): Promise<string> {
  const { plan } = await stage.apply(want(stage.routing, snapshotOf(all), {}));
  return plan.kind;
}

const database = (port: number, listen: number, more: Readonly<Record<string, unknown>> = {}): Said => ({
  port,
  data: { hostname: "db.local", protocol: "tcp", listen_port: listen, ...more },
});

for (const program of programs.filter(canAddServers)) {
  const test = (
    sentence: string,
    act: (stage: Stage, one: number, two: number) => Promise<void>,
    more: Readonly<Record<string, string>> = {},
  ) =>
    Deno.test(`${called(program)}: ${sentence}`, async () => {
      const [one, two] = [freePort(), freePort()];
      const settings = { "tcp-ports": `${one},${two}`, ...more };
      await onStage(program, { settings }, async (stage) => await act(stage, one, two));
    });

  test("a container that speaks first is heard at once, and all bytes pass", async (stage, one) => {
    await using server = new Talker("db");
    assert.equal(await apply(stage, [database(server.port, one)]), "reload");
    using session = await Session.open(one);
    assert.equal(await session.say("GET / HTTP/1.1"), "db: GET / HTTP/1.1");
    assert.equal(server.heard.at(-1), "GET / HTTP/1.1\n");
  });

  test(
    "a redeployed container keeps its sessions until they end, and new ones go to the new one",
    async (stage, one) => {
      await using old = new Talker("old");
      await using young = new Talker("young");
      await apply(stage, [database(old.port, one)]);
      const session = await Session.open(one);
      const both = [database(old.port, one), database(young.port, one)];
      assert.equal(await apply(stage, both), "runtime");
      const after = [{ ...database(old.port, one), data: { enable: false } }, database(young.port, one)];
      assert.equal(await apply(stage, after), "runtime");
      assert.equal(await greeted(one), "young");
      assert.equal(await session.say("still there?"), "old: still there?");
      assert.equal(stage.applier.leaving, 1);
      session[Symbol.dispose]();
      await settled(stage, want(stage.routing, snapshotOf(after), {}));
      assert.equal(stage.applier.loader.count, 1);
    },
  );

  test(
    "the last container of a port goes and comes without a reload, and nobody else is asked meanwhile",
    async (stage, one) => {
      await using server = new Talker("db");
      await apply(stage, [database(server.port, one)]);
      assert.equal(await greeted(one), "db");
      assert.equal(await apply(stage, []), "runtime");
      assert.equal(await greeted(one), "refused");
      await settled(stage, want(stage.routing, snapshotOf([]), {}));
      assert.equal(await apply(stage, [database(server.port, one)]), "runtime");
      assert.equal(await greeted(one), "db");
      assert.equal(stage.applier.loader.count, 1);
    },
  );

  test(
    "sessions of one port live through the reload that opens another, and the reload that closes it",
    async (stage, one, two) => {
      await using first = new Talker("first");
      await using second = new Talker("second");
      await apply(stage, [database(first.port, one)]);
      using session = await Session.open(one);
      const both = [database(first.port, one), database(second.port, two, { hostname: "other.local" })];
      assert.equal(await apply(stage, both), "reload");
      await greets(two, "second");
      assert.equal(await session.say("hello"), "first: hello");
      // A port that nobody has any more is closed by the next reload, which may be for anything.
      assert.equal(await apply(stage, [database(first.port, one)]), "runtime");
      await apply(stage, [database(first.port, one), {
        port: 1,
        data: { hostname: "web.local", retries: 1, queue_timeout: 777 },
      }]);
      assert.equal(stage.applier.loader.count, 3);
      await greets(two, "no listener");
      assert.equal(await session.say("hello again"), "first: hello again");
    },
  );

  test(
    "a port that is kept without a route is no obstacle to a reload that wants it again",
    async (stage, one) => {
      await using server = new Talker("db");
      await apply(stage, [database(server.port, one)]);
      await apply(stage, []);
      const again = database(server.port, one, { connect_timeout: 1234 });
      assert.equal(await apply(stage, [again]), "reload");
      await greets(one, "db");
    },
  );

  test("clients come in by their addresses", async (stage, one, two) => {
    await using server = new Talker("db");
    await apply(stage, [
      database(server.port, one, { allow_from: ["192.0.2.0/24"] }),
      database(server.port, two, { hostname: "other.local", deny_from: ["192.0.2.0/24"] }),
    ]);
    assert.deepEqual([await greeted(one), await greeted(two)], ["refused", "db"]);
    const opened = [
      database(server.port, one, { allow_from: ["internal"] }),
      database(server.port, two, { hostname: "other.local", deny_from: ["internal"] }),
    ];
    assert.equal(await apply(stage, opened), "runtime");
    assert.deepEqual([await greeted(one), await greeted(two)], ["db", "refused"]);
  });

  test("an IPv6 address is kept out by the IPv4 one in it, and let in by none", async (stage, one, two) => {
    await using server = new Talker("db");
    await apply(stage, [
      database(server.port, one, { deny_from: ["192.0.2.0/24"] }),
      database(server.port, two, { hostname: "other.local", allow_from: ["192.0.2.0/24"] }),
    ]);
    const greetedAs = async (client: string, port: number) => {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port });
      await connection.write(new TextEncoder().encode(`PROXY TCP6 ${client} ::1 4711 80\r\n`));
      const buffer = new Uint8Array(64);
      const size = await connection.read(buffer).catch(() => null);
      return size === null ? "refused" : new TextDecoder().decode(buffer.subarray(0, size)).trim();
    };
    for (const inside of ["::192.0.2.1", "2002:c000:201::1", "64:ff9b::c000:201", "2001::3fff:fdfe"]) {
      const seen = [await greetedAs(inside, one), await greetedAs(inside, two)];
      assert.deepEqual(seen, ["refused", "refused"], inside);
    }
    assert.deepEqual([await greetedAs("::ffff:192.0.2.1", one), await greetedAs("::ffff:192.0.2.1", two)], [
      "refused",
      "db",
    ]);
    assert.deepEqual([await greetedAs("2002:c633:6401::1", one), await greetedAs("::1", one)], ["db", "db"]);
  }, { "proxy-protocol": "127.0.0.1" });

  test("hosts on a port of TLS are told apart, and new ones need no reload", async (stage, one) => {
    await using a = await TlsTalker.start("a");
    await using b = await TlsTalker.start("b");
    const mq = (talker: TlsTalker, hosts: readonly string[]): Said => ({
      port: talker.port,
      data: { hosts, protocol: "tls", listen_port: one },
    });
    await apply(stage, [mq(a, ["a.local", "*.wild.local"])]);
    const names = ["a.local", "x.wild.local", "x.y.wild.local", "wild.local", "b.local", "a.local.evil"];
    const answers = async () =>
      Object.fromEntries(await Promise.all(names.map(async (n) => [n, await asked(one, n)])));
    const wanted = {
      "a.local": "a for a.local",
      "x.wild.local": "a for x.wild.local",
      "x.y.wild.local": "a for x.y.wild.local",
      "wild.local": "refused",
      "b.local": "refused",
      "a.local.evil": "refused",
    };
    assert.deepEqual(await answers(), wanted);
    // Deno writes hosts in lower case, as a client and as a server.
    assert.equal(await askedByOpenssl(one, "A.Local"), "a for a.local");
    assert.equal(await asked(one), "refused");
    assert.equal(await greeted(one, "GET / HTTP/1.0\r\n\r\n"), "refused");
    assert.equal(await apply(stage, [mq(a, ["a.local", "*.wild.local"]), mq(b, ["b.local"])]), "runtime");
    assert.deepEqual(await answers(), { ...wanted, "b.local": "b for b.local" });
  });

  test("the next signalbox knows the ports, and those that nobody has", async (stage, one, two) => {
    await using server = new Talker("db");
    const both = [database(server.port, one), database(server.port, two, { hostname: "other.local" })];
    await apply(stage, both);
    assert.equal(await apply(stage, both.slice(0, 1)), "runtime");
    await settled(stage, want(stage.routing, snapshotOf(both.slice(0, 1)), {}));
    await stage.replace();
    assert.equal(await apply(stage, both.slice(0, 1)), "nothing");
    assert.equal(await apply(stage, both), "runtime");
    assert.deepEqual([await greeted(one), await greeted(two)], ["db", "db"]);
    assert.equal(stage.applier.loader.count, 0);
  });

  test("a connection begins with the client's address where a container wants it", async (stage, one) => {
    await using server = new Talker("db");
    await apply(stage, [database(server.port, one, { send_proxy: "v1", max_connections: 1 })]);
    using session = await Session.open(one);
    const header = new RegExp(`^db: PROXY TCP4 127[.]0[.]0[.]1 127[.]0[.]0[.]1 \\d+ ${one}\r$`);
    assert.match(await session.line(), header);
    assert.equal(await session.say("hello"), "db: hello");
  });

  Deno.test(`${called(program)}: balancers may tell who connects, and the port is that of HAProxy all the same`, async () => {
    const [one, two] = [freePort(), freePort()];
    await using server = new Talker("db");
    const settings = { "tcp-ports": `${one}`, "proxy-protocol": "127.0.0.0/8" };
    await onStage(program, { settings }, async (stage) => {
      await apply(stage, [database(server.port, one, { allow_from: ["192.0.2.0/24"] })]);
      assert.equal(await greeted(one, `PROXY TCP4 192.0.2.9 192.0.2.1 4711 ${two}\r\n`), "db");
      assert.equal(await greeted(one, `PROXY TCP4 198.51.100.9 192.0.2.1 4711 ${two}\r\n`), "refused");
    });
  });
}
