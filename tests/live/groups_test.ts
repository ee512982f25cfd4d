/** One route of each group of keys, on a real engine, as curl sees it over HTTP/1.1 and HTTP/2. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { startContainer, WITNESS } from "../harness/engine.ts";
import { eventually } from "../harness/program.ts";
import { curl, valuesOf } from "../haproxy/answered.ts";
import { makeCertificate } from "./certificates.ts";
import { live, says } from "./stage.ts";

const WAYS = ["--http1.1", "--http2"] as const;
const USER = `ann:{SHA}${createHash("sha1").update("sesame").digest("base64")}`;

const ROUTES = [
  { hosts: ["paths.test", "also.test"], context_root: ["/app", "/old"], context_root_rewrite: true },
  { hostname: "moved.test", redirects: ["before.test https://moved.test 301"], canonical_host: "moved.test" },
  {
    hostname: "told.test",
    request_headers: ["X-In: yes"],
    response_headers: ["X-Out: yes"],
    host_header: "inner.test",
    hsts: 60,
  },
  { hostname: "shut.test", deny_from: ["internal"] },
  { hostname: "asks.test", basic_auth: [USER], basic_auth_realm: "the office" },
  { hostname: "small.test", max_body: 10 },
  { hostname: "often.test", rate_limit: "1/1h" },
  { hostname: "refers.test", forward_auth: "groups-auth:8080/status/403" },
  { hostname: "admits.test", forward_auth: "groups-auth:8080/status/200" },
  { hostname: "waits.test", server_timeout: 300, retries: 0 },
  { hostname: "stays.test", sticky_session_cookie: "SERVER" },
];

live("a route of each group does by HTTP/1.1 and HTTP/2 what its container says", async (stage) => {
  const { path } = await makeCertificate(stage.folder, "paths.test");
  const router = await stage.router({ flags: ["--tls-cert", path] });
  await Promise.all([
    startContainer({ image: WITNESS, flags: ["--name", "groups-auth"], env: { NAME: "auth" } }),
    startContainer({ image: WITNESS, env: { NAME: "app", ...says(ROUTES).env } }),
    startContainer({
      image: WITNESS,
      env: { NAME: "canary", ...says({ hostname: "told.test", match_headers: ["X-Canary: yes"] }).env },
    }),
  ]);
  const ask = (way: string, host: string, path: string, ...more: readonly string[]) =>
    curl(router.httpsPort, host, path, way, "--insecure", ...more);
  await eventually(async () => (await ask("--http2", "admits.test", "/")).body === "app", {
    what: "the service to be asked",
  });
  await eventually(
    async () => (await ask("--http2", "told.test", "/", "-H", "X-Canary: yes")).body === "canary",
    {
      what: "the variant to serve",
    },
  );
  for (const way of WAYS) {
    const { body: seen } = await ask(way, "also.test", "/old/headers?a=b");
    assert.equal(JSON.parse(seen).path, "/headers?a=b");
    assert.equal((await ask(way, "paths.test", "/apple")).status, "404");
    const moved = await ask(way, "before.test", "/a?b");
    assert.deepEqual([moved.status, valuesOf(moved.headers, "location")], ["301", [
      "https://moved.test/a?b",
    ]]);
    const told = await ask(way, "told.test", "/headers");
    const { headers } = JSON.parse(told.body);
    assert.deepEqual([headers["x-in"], headers.host], ["yes", "inner.test"]);
    assert.deepEqual(valuesOf(told.headers, "x-out"), ["yes"]);
    assert.deepEqual(valuesOf(told.headers, "strict-transport-security"), ["max-age=60"]);
    assert.equal((await ask(way, "told.test", "/", "-H", "X-Canary: yes")).body, "canary");
    const stays = valuesOf((await ask(way, "stays.test", "/")).headers, "set-cookie");
    assert.match(stays.join(), /^SERVER=[0-9a-f]+; /);
    const refused: readonly (readonly [host: string, path: string, status: string])[] = [
      ["shut.test", "/", "403"],
      ["asks.test", "/", "401"],
      ["small.test", "/post", "413"],
      ["refers.test", "/", "403"],
      ["waits.test", "/slow?ms=2000", "504"],
    ];
    for (const [host, path, status] of refused) {
      assert.equal((await ask(way, host, path, "--data", "x".repeat(100))).status, status, `${way} ${host}`);
    }
    const { body: inside } = await ask(way, "asks.test", "/headers", "--user", "ann:sesame");
    assert.equal(JSON.parse(inside).headers["remote-user"], "ann");
    const often = await ask(way, "often.test", "/");
    assert.equal(often.status, way === "--http1.1" ? "200" : "429");
  }
});
