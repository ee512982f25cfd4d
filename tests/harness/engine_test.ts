/** The live tests stand on these containers, so that they are shown to do what they are told. */
import assert from "node:assert/strict";
import {
  addressOf,
  cleanup,
  createNetwork,
  docker,
  engineFromEnv,
  publishedPort,
  ready,
  startContainer,
  WITNESS,
} from "./engine.ts";
import { eventually, httpGet } from "./program.ts";

const { skipReason } = engineFromEnv();
const ignore = skipReason !== undefined;
if (skipReason !== undefined) console.error(`skipped: ${skipReason}`);

const up = (address: string, port: number, tls = false) =>
  eventually(() => httpGet({ address, port, tls, limitMs: 500 }), { what: `${address}:${port} to answer` });

Deno.test({
  name: "a tiny container answers with its name, on its address and on the published port",
  ignore,
  async fn() {
    try {
      const id = await startContainer({ env: { NAME: "one" }, flags: ["-P"] });
      assert.equal((await up(await addressOf(id), 8080)).body, "one");
      assert.equal((await up("127.0.0.1", await publishedPort(id, 8080))).body, "one");
      await docker("stop", id);
      const code = (await docker("inspect", "--format", "{{.State.ExitCode}}", id)).trim();
      assert.notEqual(code, "137", "it heeds SIGTERM, and need not be killed");
    } finally {
      await cleanup();
    }
  },
});

Deno.test({
  name: "a witness does what its environment says, and finishes requests in flight",
  ignore,
  async fn() {
    try {
      const network = await createNetwork(`witness-${crypto.randomUUID().slice(0, 8)}`);
      const id = await startContainer({
        image: WITNESS,
        env: { NAME: "w", PORTS: "8080 9090", TLS: "1" },
        flags: ["--network", network],
      });
      const address = await addressOf(id, network);
      assert.equal((await up(address, 9090, true)).headers["x-served-port"], "9090");
      const ask = (path: string, method = "GET", body?: string) =>
        httpGet({ address, port: 8080, tls: true, path, method, ...(body === undefined ? {} : { body }) });
      assert.equal((await ask("/status/404")).status, 404);
      assert.equal((await ask("/download?bytes=100000")).body.length, 100_000);
      await ask("/post", "POST", "a");
      await ask("/post?id=a", "POST");
      assert.deepEqual(JSON.parse((await ask("/posts")).body), { a: 2 });
      assert.equal(JSON.parse((await ask("/headers?x=1")).body).path, "/headers?x=1");
      const slow = ask("/slow?ms=700");
      // Answered after the slow one was sent, so that the slow one is in flight.
      assert.equal((await ask("/")).body, "w");
      const stopped = docker("stop", id);
      assert.equal((await slow).body, "w");
      await stopped;
      assert.equal(await docker("inspect", "-f", "{{.State.ExitCode}}", id), "0");
    } finally {
      await cleanup();
    }
  },
});

Deno.test({
  name: "a witness that is told to fail answers so, and one that is told to wait refuses meanwhile",
  ignore,
  async fn() {
    try {
      await ready(WITNESS);
      const id = await startContainer({ image: WITNESS, env: { STATUS: "500", LISTEN_AFTER_MS: "500" } });
      const address = await addressOf(id);
      await assert.rejects(httpGet({ address, port: 8080, limitMs: 200 }));
      assert.equal((await up(address, 8080)).status, 500);
    } finally {
      await cleanup();
    }
  },
});
