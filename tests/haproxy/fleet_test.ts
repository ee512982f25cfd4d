/** Two HAProxys of a fleet: what one counts, the other has. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import { freePort } from "../harness/http.ts";
import { certificate } from "./certificate.ts";
import { clientHello } from "./client_hello.ts";
import { Echo, ok, sendHead, statusOf } from "./echo.ts";
import { basic, guardedContainer } from "./guarded.ts";
import { called, canAddBackends, onStage, programs, send, type Stage } from "./stage.ts";

const HASH = "$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA";
const KEY = "0123456789abcdef0123456789abcdef";
const RATE = { hostname: "rate.local", rate_limit: "5/1h" };
const OFFICE = { hostname: "office.local", basic_auth: [`ann:${HASH}`] };
const STAY = { hostname: "stay.local", sticky_session_cookie: "SERVER" };

/** How backends come makes no difference to peers. */
const versions = programs.filter((program) => !canAddBackends(program));

/** What a fleet of two has in common. */
type Shared = { readonly peers: string; readonly tls: string | undefined };

const newFleet = (tls?: string): Shared => ({
  peers: `edge1=127.0.0.1:${freePort()}\nedge2=127.0.0.1:${freePort()}`,
  tls,
});

const onNode = (
  program: (typeof programs)[number],
  { peers, tls }: Shared,
  name: string,
  act: (stage: Stage) => Promise<void>,
) =>
  onStage(program, {
    settings: { peer: peers, ...tls !== undefined && { "peer-tls": tls } },
    env: { SIGNALBOX_LOCAL_PEER: name, SIGNALBOX_COOKIE_KEY: KEY },
  }, act);

const show = (stage: Stage, containers: readonly unknown[]) =>
  stage.apply(want(stage.routing, JSON.stringify(containers), {}));

const ask = (stage: Stage, host: string, ...fields: readonly string[]) =>
  sendHead(stage.httpPort, "GET / HTTP/1.1", `Host: ${host}`, "Connection: close", ...fields);

const status = async (stage: Stage, host: string, ...fields: readonly string[]) =>
  statusOf(await ask(stage, host, ...fields));

/** What a table has of all that is counted there: the sum of one kind of data. */
async function counted(stage: Stage, table: string, kind: RegExp): Promise<number> {
  const [answer = ""] = await send(stage, `show table ${table}`);
  return [...answer.matchAll(kind)].reduce((sum, [, value]) => sum + Number(value), 0);
}

const rates = (stage: Stage) => counted(stage, "_rate_3600s", /http_req_rate\(3600000\)=(\d+)/g);

const knows = (stage: Stage, what: string, has: () => Promise<boolean>) =>
  eventually(has, { what: `${stage.haproxy.socket} to know ${what}`, limitMs: 60_000 });

/** Waits until a node speaks with the other one. */
const isJoined = (stage: Stage) =>
  knows(
    stage,
    "the other",
    async () => /remote.*status=ESTA/.test((await send(stage, "show peers"))[0] ?? ""),
  );

/** Waits until a worker teaches others: for some seconds after its start it looks for one that could teach it. */
const hasLearnt = (stage: Stage) =>
  knows(
    stage,
    "all that it could learn",
    async () => /resync_timeout=<(?:PAST|NEVER)>/.test((await send(stage, "show peers"))[0] ?? ""),
  );

for (const program of versions) {
  Deno.test(`${called(program)}: what a client spent, proved and got at one HAProxy of a fleet holds at the other, which may go and come back`, async () => {
    const { path } = await certificate();
    const shared = newFleet(path);
    await using echo = new Echo();
    await using one = new Echo(() => ok("one"));
    await using two = new Echo(() => ok("two"));
    const all = [
      guardedContainer("a", echo.port, RATE),
      guardedContainer("b", echo.port, OFFICE),
      guardedContainer("c", one.port, STAY),
      guardedContainer("d", two.port, STAY),
    ];
    await onNode(program, shared, "edge1", async (first) => {
      await show(first, all);
      await onNode(program, shared, "edge2", async (second) => {
        await show(second, all);
        await Promise.all([isJoined(first), isJoined(second)]);
        for (let spent = 0; spent < 3; spent++) assert.equal(await status(first, "rate.local"), "200");
        assert.equal(await status(first, "office.local", basic("ann", "secret")), "200");
        await knows(second, "three requests", async () => await rates(second) === 3);
        await knows(second, "who Ann is", async () => await counted(second, "_known", /gpc0=(\d+)/g) === 1);
        const atSecond = [];
        for (let spent = 0; spent < 3; spent++) atSecond.push(await status(second, "rate.local"));
        assert.deepEqual(atSecond, ["200", "200", "429"]);
        await knows(first, "six requests", async () => await rates(first) === 6);
        assert.equal(await status(first, "rate.local"), "429");
        const answer = await ask(first, "stay.local");
        const cookie = /^set-cookie: (SERVER=[^;]+)/mi.exec(answer)?.[1] ?? "";
        const name = answer.split("\r\n\r\n")[1];
        for (let time = 0; time < 4; time++) {
          assert.equal((await ask(second, "stay.local", `Cookie: ${cookie}`)).split("\r\n\r\n")[1], name);
        }
      });
      // The other one is gone: nobody waits for it, and a reload hands over what is counted as ever.
      for (let time = 0; time < 5; time++) {
        assert.equal(await status(first, "office.local", basic("ann", "secret")), "200");
      }
      await hasLearnt(first);
      const { count } = first.applier.loader;
      await show(first, [
        ...all,
        guardedContainer("e", echo.port, { hostname: "new.local", balance_algorithm: "leastconn" }),
      ]);
      assert.equal(first.applier.loader.count, count + 1);
      await knows(first, "what the old worker knew", async () => await rates(first) >= 6);
      assert.equal(await status(first, "rate.local"), "429");
      await onNode(program, shared, "edge2", async (second) => {
        await show(second, all);
        await knows(second, "what was spent before it came back", async () => await rates(second) >= 6);
        assert.equal(await status(second, "rate.local"), "429");
      });
    });
  });
}

/** What an HAProxy answers to one that says it is edge2. */
async function hello(
  port: number,
  connect: (options: Deno.ConnectOptions) => Promise<Deno.Conn>,
): Promise<string> {
  try {
    using connection = await connect({ hostname: "127.0.0.1", port });
    await connection.write(new TextEncoder().encode("HAProxyS 2.1\nedge1\nedge2 1 0\n"));
    const buffer = new Uint8Array(100);
    return new TextDecoder().decode(buffer.subarray(0, await connection.read(buffer) ?? 0));
  } catch (error) {
    return error instanceof Error ? error.name : "";
  }
}

for (const program of versions) {
  Deno.test(`${called(program)}: strangers who hold the port of peers keep others from it until HAProxy closes silent ones, and no client out`, async () => {
    const { path } = await certificate();
    await using echo = new Echo();
    for (const shared of [newFleet(), newFleet(path)]) {
      await onNode(program, shared, "edge1", async (stage) => {
        await show(stage, [guardedContainer("a", echo.port, { hostname: "open.local" })]);
        const port = Number(/edge1=127\.0\.0\.1:(\d+)/.exec(shared.peers)?.[1]);
        const happened: string[] = [];
        const open = async (what: string, said: Uint8Array<ArrayBuffer>) => {
          const connection = await Deno.connect({ hostname: "127.0.0.1", port });
          await connection.write(said);
          const heard = connection.read(new Uint8Array(64)).catch(() => null).finally(() => {
            happened.push(what);
            connection.close();
          });
          return { heard };
        };
        // Three for each peer of the section, itself among them: HAProxy accepts them in turn.
        const silent = [];
        for (let at = 0; at < 6; at++) silent.push(await open("closed", new Uint8Array()));
        const hello = shared.tls === undefined
          ? new TextEncoder().encode("HAProxyS 2.1\nnobody\nx 1 1\n")
          : clientHello("edge1", "h2");
        const late = await open("answered", hello);
        assert.equal(await status(stage, "open.local"), "200");
        await Promise.all([...silent, late].map(({ heard }) => heard));
        assert.ok(happened.indexOf("answered") > 0, happened.join());
      });
    }
  });

  Deno.test(`${called(program)}: with a certificate of peers a stranger gets no word of theirs, and without one every word`, async () => {
    const { path, cert } = await certificate();
    const withTls = newFleet(path);
    const portOf = ({ peers }: Shared) => Number(/edge1=.*:(\d+)/.exec(peers)?.[1]);
    const trusting = (options: Deno.ConnectOptions) =>
      Deno.connectTls({ ...options, caCerts: [cert], unsafelyDisableHostnameVerification: true });
    await onNode(program, withTls, "edge1", async (stage) => {
      await show(stage, []);
      assert.doesNotMatch(await hello(portOf(withTls), Deno.connect), /200/);
      assert.doesNotMatch(await hello(portOf(withTls), trusting), /200/);
    });
    const open = newFleet();
    await onNode(program, open, "edge1", async (stage) => {
      await show(stage, []);
      assert.match(await hello(portOf(open), Deno.connect), /^200\n/);
    });
  });
}
