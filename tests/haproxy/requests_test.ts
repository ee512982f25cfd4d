/** What becomes of a request on its way to a container: what it may say of itself, and what it may not. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { Echo, ok, sendHead } from "./echo.ts";
import { containerOf } from "./loopback_container.ts";
import { called, onStage, programs, type Stage } from "./stage.ts";

/** A container of ctx.local that serves /pub alone, at an address of the loopback. */
const snapshotOf = (port: number) =>
  JSON.stringify([containerOf("c", port, { hostname: "ctx.local", context_root: "/pub" })]);

/** Sends lines as they are; answers with all that comes back. */
const send = (stage: Stage, ...lines: readonly string[]) => sendHead(stage.httpPort, ...lines);

const getPub = (stage: Stage, ...headers: readonly string[]) =>
  send(stage, "GET /pub HTTP/1.1", "Host: ctx.local", ...headers);

/** It agrees to every upgrade, and says nothing where that is asked for. */
function answer(head: string): string | null {
  if (/^get \S*silent/i.test(head)) return null;
  return /^upgrade:/im.test(head)
    ? `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade, close\r\n${ACCEPT}\r\n\r\n${head}`
    : ok(head);
}

const KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/** Soon enough for a test, and longer than an answer takes. */
const settings = { "server-timeout": "2000" };

for (const program of programs) {
  const test = (sentence: string, act: (stage: Stage, echo: Echo) => Promise<void>) =>
    Deno.test(`${called(program)}: ${sentence}`, async () => {
      await using echo = new Echo(answer);
      await onStage(program, { settings }, async (stage) => {
        await stage.apply(want(stage.routing, snapshotOf(echo.port), {}));
        await act(stage, echo);
      });
    });

  test("a host with a slash in it does not pass for another host's path", async (stage) => {
    const ask = async (host: string, path: string) =>
      (await send(stage, `GET ${path} HTTP/1.1`, `Host: ${host}`, "Connection: close")).slice(9, 12);
    assert.equal(await ask("ctx.local", "/pub/x"), "200");
    assert.equal(await ask("CTX.local.:80", "/pub"), "200");
    assert.equal(await ask("ctx.local", "/admin"), "404");
    for (const host of ["ctx.local/pub", "ctx.local/pub/", "ctx.local/pub:80", "ctx.local/"]) {
      assert.equal(await ask(host, "/admin"), "400", host);
      assert.equal(await ask(host, "/pub"), "400", host);
    }
  });

  test("an upgrade is asked of the container, and nothing else that Connection names", async (stage) => {
    const answer = await getPub(
      stage,
      "Upgrade: websocket",
      KEY,
      "Connection: keep-alive, Upgrade, X-Forwarded-For",
    );
    assert.match(answer, /^HTTP\/1.1 101/);
    const [, ...heard] = answer.split("\r\n\r\n");
    assert.deepEqual(/^connection: *(.*)$/im.exec(heard.join("\n"))?.[1]?.toLowerCase().trim(), "upgrade");
  });

  test("what a container takes too long for is not asked of it again", async (stage, echo) => {
    const answer = await send(stage, "GET /pub/silent HTTP/1.1", "Host: ctx.local", "Connection: close");
    assert.match(answer, /^HTTP\/1.1 504/);
    assert.equal(echo.heads.filter((head) => head.includes("silent")).length, 1);
  });
}
