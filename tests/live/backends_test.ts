/** What a container says of its backend, and what HAProxy makes of it. */
import assert from "node:assert/strict";
import { addressOf, docker, startContainer, WITNESS } from "../harness/engine.ts";
import { httpGet } from "../harness/http.ts";
import { eventually } from "../harness/program.ts";
import { makeCertificate } from "./certificates.ts";
import { askWhile, live, says, tally } from "./stage.ts";

live("check httpchk GET / marks a container that answers 500 as down", async (stage) => {
  const router = await stage.router();
  const { env } = says({ check: "httpchk GET /", check_interval: 200 });
  const flags = ["-P", "--hostname", "checked.local"];
  await startContainer({ image: WITNESS, env: { ...env, NAME: "well" }, flags });
  await router.answers("checked.local");
  const ill = await startContainer({ image: WITNESS, env: { ...env, NAME: "ill" }, flags });
  await eventually(async () => (await router.get("checked.local")).body === "ill", {
    what: "both to be asked",
  });
  await httpGet({ port: 8080, address: await addressOf(ill), path: "/become/500" });
  const isDown = async () => {
    const states = (await router.ask("show stat")).split("\n").map((line) => line.split(",")).filter((row) =>
      row[0] === "checked.local" && row[1] !== "BACKEND"
    ).map((row) => row[17] ?? "");
    return states.length === 2 && states.filter((state) => state.startsWith("DOWN")).length === 1;
  };
  await eventually(isDown, { what: "HAProxy to call one of two servers DOWN" });
  assert.deepEqual(await tally(20, () => router.get("checked.local")), { well: 20 });
});

/** Answers each connection with 200, and adds a line to /checks. */
const COUNTER = `
  printf 'echo asked >>/checks\\nread request\\nprintf "HTTP/1.0 200 OK\\\\r\\\\n\\\\r\\\\n"\\n' >/answer
  exec nc -ll -p 8080 -e sh /answer`;

live("check_interval sets the pace of the check", async (stage) => {
  const router = await stage.router();
  const [quick, slow] = await Promise.all([200, 1_000].map(async (interval) => {
    const { env } = says({ check: "httpchk GET /", check_interval: interval });
    const id = await startContainer({
      env,
      flags: ["-P", "--hostname", `pace${interval}.local`, "--entrypoint", "sh"],
      args: ["-c", COUNTER],
    });
    await router.answers(`pace${interval}.local`);
    return async () => (await docker("exec", id, "cat", "/checks")).split("\n").length;
  }));
  assert.ok(quick !== undefined && slow !== undefined);
  const before = { quick: await quick(), slow: await slow() };
  await eventually(async () => await slow() >= before.slow + 5, { what: "five checks", everyMs: 200 });
  // In the time of five checks with one second between two, there are some 25 with 200 ms.
  const checks = await quick() - before.quick;
  assert.ok(checks > 12 && checks < 50, `${checks} checks`);
});

live("backend_options forceclose and http-no-delay are accepted, and do what they did", async (stage) => {
  const router = await stage.router();
  await startContainer({ env: { NAME: "kept" }, flags: ["-P", "--hostname", "kept.local"] });
  const { env } = says({ backend_options: ["forceclose", "http-no-delay"] });
  await startContainer({ image: WITNESS, env, flags: ["-P", "--hostname", "closed.local"] });
  await router.answers("kept.local");
  await router.answers("closed.local");
  const connectionOf = async (host: string) =>
    (await router.get(host, "/", { headers: { connection: "keep-alive" } })).headers["connection"];
  assert.notEqual(await connectionOf("kept.local"), "close");
  assert.equal(await connectionOf("closed.local"), "close");
  assert.match(await router.config(), /^ +option http-no-delay$/m);
  await router.program.waitForEntry({ code: "translated" });
});

live(
  "a container that joins and fails its check gets no request, until its check succeeds",
  async (stage) => {
    const router = await stage.router();
    const { env } = says({ check: "httpchk GET /", check_interval: 200 });
    const flags = ["--hostname", "joining.local"];
    await startContainer({ image: WITNESS, env: { ...env, NAME: "well" }, flags });
    await router.answers("joining.local");
    let id = "";
    const bodies = new Set<string>();
    const endings = await askWhile(async () => {
      const answer = await router.get("joining.local");
      bodies.add(answer.body);
      return answer;
    }, async () => {
      id = await startContainer({ image: WITNESS, env: { ...env, NAME: "loading", STATUS: "503" }, flags });
      await router.program.waitForEntry({ event: "no-traffic", why: (why: string) => why.includes("503") });
    });
    assert.deepEqual([[...new Set(endings)], [...bodies]], [[200], ["well"]]);
    await httpGet({ port: 8080, address: await addressOf(id), host: "joining.local", path: "/become/200" });
    await eventually(async () => (await router.get("joining.local")).body === "loading", {
      what: "it to be asked",
    });
  },
);

live("ssl_only redirects plain HTTP to HTTPS, to the same host and path", async (stage) => {
  const certificate = await makeCertificate(stage.folder, "redirected.local");
  const router = await stage.router({ flags: ["--tls-cert", certificate.path] });
  const { env } = says({ ssl_only: true });
  await startContainer({
    image: WITNESS,
    env: { ...env, NAME: "safe" },
    flags: ["-P", "--hostname", "redirected.local"],
  });
  const answer = await router.answers("redirected.local", 308, "/a/b?c=d");
  assert.equal(answer.headers["location"], `https://redirected.local:${router.httpsPort}/a/b?c=d`);
  const secure = { port: router.httpsPort, tls: true };
  const followed = await eventually(async () => {
    const answer = await router.get("redirected.local", "/a/b?c=d", secure);
    return answer.status === 200 && answer;
  }, { what: "HTTPS to answer" });
  assert.equal(followed.body, "safe");
});

live("ssl_backend speaks TLS to the container", async (stage) => {
  const router = await stage.router();
  const { env } = says({ ssl_backend: true, check: "httpchk GET /", check_interval: 200, port: 8080 });
  await startContainer({
    image: WITNESS,
    env: { ...env, NAME: "inner", TLS: "1" },
    flags: ["-P", "--hostname", "inner.local"],
  });
  assert.equal((await router.answers("inner.local")).body, "inner");
  await eventually(async () => / UP |,UP,/.test(await router.ask("show stat")), {
    what: "the check over TLS to pass",
  });
  assert.equal((await router.get("inner.local")).body, "inner");
});

live("warm with ssl_backend gets an answer over TLS before the container has traffic", async (stage) => {
  const router = await stage.router();
  await startContainer({
    image: WITNESS,
    env: { ...says({ ssl_backend: true, warm: true, port: 8080 }).env, NAME: "inner", TLS: "1" },
    flags: ["-P", "--hostname", "warm-inner.local"],
  });
  assert.equal((await router.answers("warm-inner.local")).body, "inner");
  // One that speaks no TLS never gets there, and it is told why.
  await startContainer({
    env: says({ ssl_backend: true, warm: true, port: 8080 }).env,
    flags: ["-P", "--hostname", "plain-inner.local"],
  });
  await router.program.waitForEntry({ event: "no-traffic" });
  assert.equal((await router.get("plain-inner.local")).status, 503);
});

live("ssl_backend_tls_verify required keeps requests from a container that proves nothing", async (stage) => {
  const router = await stage.router();
  const data = { ssl_backend: true, ssl_backend_tls_verify: "required", port: 8080, check_interval: 100 };
  await startContainer({
    image: WITNESS,
    env: { ...says(data).env, TLS: "1" },
    flags: ["-P", "--hostname", "unproven.local"],
  });
  await eventually(async () => /^unproven\.local,[^B].*,DOWN,/m.test(await router.ask("show stat")), {
    what: "HAProxy to call it DOWN",
  });
  assert.deepEqual(await tally(5, () => router.get("unproven.local")), { 503: 5 });
});
