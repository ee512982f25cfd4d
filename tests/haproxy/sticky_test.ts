/** Clients that stay at their container by a cookie, on every HAProxy, through joins, reloads and another signalbox. */
import assert from "node:assert/strict";
import type { ContainerId } from "../../lib/core/values/names.ts";
import { want } from "../changes/situation.ts";
import { Echo, ok, sendHead } from "./echo.ts";
import { http2Get } from "./http2_get.ts";
import { snapshotOf } from "./one_route.ts";
import { called, canAddServers, onStage, programs, type Stage } from "./stage.ts";

const HOST = "stay.local";
const DATA = { hostname: HOST, sticky_session_cookie: "SERVER" };
const KEY = "0123456789abcdef0123456789abcdef";

/** A container that tells its name, and sets a cookie of its own. */
const named = (name: string) => new Echo(() => ok(name).replace("\r\n", "\r\nSet-Cookie: own=1\r\n"));

/** One answer: the container's name, and what of our cookie was set. */
async function ask(
  stage: Stage,
  cookie?: string,
): Promise<{ readonly from: string; readonly set: string | undefined }> {
  const headers = cookie === undefined ? [] : [`Cookie: own=1; SERVER=${cookie}`];
  const answer = await sendHead(
    stage.httpPort,
    "GET / HTTP/1.1",
    `Host: ${HOST}`,
    "Connection: close",
    ...headers,
  );
  assert.match(answer, /^set-cookie: own=1\r$/m);
  return { from: answer.split("\r\n\r\n")[1] ?? "", set: /^set-cookie: SERVER=(.*)\r$/m.exec(answer)?.[1] };
}

/** The cookies of new clients, by container; each is asked for until it answers. */
async function cookies(stage: Stage, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (let tries = 0; tries < 50 && found.size < names.length; tries++) {
    const { from, set = "" } = await ask(stage);
    found.set(from, set);
  }
  assert.deepEqual([...found.keys()].sort(), names);
  return new Map([...found].sort());
}

for (const program of programs.filter(canAddServers)) {
  Deno.test(`${called(program)}: a client stays at its container, also at one that joined, through a reload, an adoption and another HAProxy`, async () => {
    await using a = named("a");
    await using b = named("b");
    await using c = named("c");
    const first = { port: a.port, data: DATA };
    const two = [first, { port: b.port, data: DATA }];
    const three = [...two, { port: c.port, data: DATA }];
    let before: ReadonlyMap<string, string> = new Map();
    await onStage(program, {}, async (stage) => {
      await Deno.writeTextFile(`${stage.stateDir}/cookie-key`, `${KEY}\n`);
      await stage.apply(want(stage.routing, snapshotOf([first]), {}));
      for (const joined of [two, three]) {
        assert.equal((await stage.apply(want(stage.routing, snapshotOf(joined), {}))).plan.kind, "runtime");
      }
      before = await cookies(stage, ["a", "b", "c"]);
      for (const set of before.values()) assert.match(set, /^[0-9a-f]{16}; path=\/; HttpOnly; SameSite=Lax$/);
      const stay = async () => {
        for (const [name, set] of before) {
          const cookie = set.split(";")[0];
          const { body, headers } = await http2Get(stage.httpPort, HOST, "/", { cookie: `SERVER=${cookie}` });
          assert.deepEqual([body, [headers["set-cookie"]].flat()], [name, ["own=1"]]);
          for (let times = 0; times < 3; times++) {
            assert.deepEqual(await ask(stage, cookie), { from: name, set: undefined });
          }
        }
      };
      await stay();
      // The cookie is HAProxy's: the container does not see it, and sees its own.
      assert.ok(
        a.heads.every((head) => !head.includes("SERVER=")) &&
          a.heads.some((head) => /^cookie: own=1/m.test(head)),
      );
      await stage.replace();
      await stage.apply(want(stage.routing, snapshotOf(three), {}));
      await stay();
      const rare = { port: a.port, data: { hostname: "rare.local", connect_timeout: 3000 } };
      const reloaded = await stage.apply(want(stage.routing, snapshotOf([...three, rare]), {}));
      assert.equal(reloaded.plan.kind, "reload");
      await stay();
      assert.deepEqual(await cookies(stage, ["a", "b", "c"]), before);
      const fresh = [(await http2Get(stage.httpPort, HOST)).headers["set-cookie"]].flat().map(String);
      assert.ok(fresh.some((each) => [...before.values()].some((set) => each === `SERVER=${set}`)));
      // A value that is no server's gets another server, and a cookie.
      assert.notEqual((await ask(stage, "0123456789abcdef")).set, undefined);
      const current = `${stage.stateDir}/current`;
      assert.doesNotMatch(await Deno.readTextFile(`${current}/haproxy.cfg`), new RegExp(KEY));
      assert.match(await Deno.readTextFile(`${current}/process.cfg`), new RegExp(KEY));
    });
    await onStage(program, {}, async (stage) => {
      await Deno.writeTextFile(`${stage.stateDir}/cookie-key`, KEY);
      await stage.apply(want(stage.routing, snapshotOf(three), {}));
      assert.deepEqual(await cookies(stage, ["a", "b", "c"]), before);
    });
  });

  Deno.test(`${called(program)}: a host that takes a spare keeps clients at their container`, async () => {
    await using a = named("a");
    await using b = named("b");
    const other = { port: a.port, data: { ...DATA, hostname: "other.local" } };
    await onStage(program, {}, async (stage) => {
      await stage.apply(want(stage.routing, snapshotOf([other]), {}));
      const all = [other, { port: a.port, data: DATA }, { port: b.port, data: DATA }];
      assert.equal((await stage.apply(want(stage.routing, snapshotOf(all), {}))).plan.kind, "runtime");
      for (const [name, set] of await cookies(stage, ["a", "b"])) {
        assert.equal((await ask(stage, set.split(";")[0])).from, name);
      }
    });
  });

  Deno.test(`${called(program)}: a container that stops keeps its clients while it answers, and gets no others`, async () => {
    await using a = named("a");
    await using b = named("b");
    const all = [a, b].map(({ port }) => ({ port, data: { ...DATA, drain: "1h" } }));
    await onStage(program, {}, async (stage) => {
      const wanted = want(stage.routing, snapshotOf(all), {});
      await stage.apply(wanted);
      const before = await cookies(stage, ["a", "b"]);
      const cookie = before.get("a")?.split(";")[0];
      /** These are told to stop, and those of them that live answer until they end. */
      const tell = async (ids: ReadonlySet<ContainerId>, living?: ReadonlySet<ContainerId>) => {
        stage.applier.drain.tell(ids, undefined, living);
        await stage.applier.drain.done;
      };
      const [server] = wanted.desired.model.backends.flatMap(({ servers }) =>
        servers.filter(({ containerName }) => containerName === "web0")
      );
      assert.ok(server);
      const told = new Set([server.containerId]);
      const stopping = want(stage.routing, snapshotOf(all), { stopping: ["web0"] });
      await tell(told, told);
      for (let times = 0; times < 6; times++) {
        assert.deepEqual(await ask(stage, cookie), { from: "a", set: undefined });
        assert.equal((await ask(stage)).from, "b");
      }
      // A pass, and a look at what HAProxy has, leave it so.
      assert.equal((await stage.apply(stopping)).plan.kind, "nothing");
      assert.deepEqual(await stage.applier.audit(), []);
      await stage.replace();
      await tell(told, told);
      await stage.apply(stopping);
      assert.equal((await ask(stage, cookie)).from, "a");
      // It has ended.
      await tell(told);
      await stage.apply(stopping);
      assert.equal((await ask(stage, cookie)).from, "b");
      // It is there again.
      await tell(new Set());
      await stage.apply(wanted);
      assert.equal((await ask(stage, cookie)).from, "a");
    });
  });
}
