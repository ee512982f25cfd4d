/** Labels in place of INTERLOCK_DATA, and routes by path. */
import assert from "node:assert/strict";
import { createContainer, docker, startContainer, WITNESS } from "../harness/engine.ts";
import { eventually } from "../harness/program.ts";
import { makeCertificate } from "./certificates.ts";
import { live, says } from "./stage.ts";

const ALL_AS_DATA = {
  hostname: "www",
  domain: "data.local",
  alias_domains: ["alias1.data.local", "alias2.data.local"],
  port: 9090,
  check: "httpchk GET /",
  check_interval: 700,
  balance_algorithm: "leastconn",
  backend_options: ["http-no-delay", "http-server-close"],
  ssl_only: true,
  ssl_backend: true,
  ssl_backend_tls_verify: "none",
};

const ALL_AS_LABELS = {
  "interlock.hostname": "www",
  "interlock.domain": "labels.local",
  "interlock.alias_domain": "alias1.labels.local",
  "interlock.alias_domain.1": "alias2.labels.local",
  "interlock.port": "9090",
  "interlock.health_check": "httpchk GET /",
  "interlock.health_check_interval": "700",
  "interlock.balance_algorithm": "leastconn",
  "interlock.backend_option": "http-no-delay",
  "interlock.backend_option.1": "http-server-close",
  "interlock.ssl_only": "",
  "interlock.ssl_backend": "yes",
  "interlock.ssl_backend_tls_verify": "none",
};

live("labels do the same as the data", async (stage) => {
  const certificate = await makeCertificate(stage.folder, "www.labels.local");
  const router = await stage.router({ flags: ["--tls-cert", certificate.path] });
  const witness = { image: WITNESS, flags: ["-P"] } as const;
  const env = { PORTS: "8080 9090", TLS: "1" };
  await startContainer({ ...witness, env: { ...env, ...says(ALL_AS_DATA).env, NAME: "data" } });
  await startContainer({ ...witness, env: { ...env, NAME: "labels" }, labels: ALL_AS_LABELS });
  for (const kind of ["data", "labels"]) {
    for (const host of ["www", "alias1", "alias2"].map((name) => `${name}.${kind}.local`)) {
      await router.answers(host, 308);
      const secure = { port: router.httpsPort, tls: true };
      const answer = await eventually(async () => {
        const answer = await router.get(host, "/", secure);
        return answer.status === 200 && answer;
      }, { what: `${host} to answer over HTTPS` });
      assert.deepEqual([answer.body, answer.headers["x-served-port"]], [kind, "9090"]);
    }
  }
  const config = await router.config();
  assert.equal(sectionOf(config, "labels"), sectionOf(config, "data"));
});

live(
  "two signalboxes share an engine, each with labels of its own prefix, and a routes file of its own",
  async (stage) => {
    const routes = `${stage.folder}/routes.yaml`;
    const servers = (port: number) => `nas: {hostname: nas.local, servers: ["127.0.0.1:${port}"]}\n`;
    const machine = (name: string) =>
      Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => undefined }, () => new Response(name));
    const [first, second] = [machine("first"), machine("second")];
    stage.defer(() => Promise.all([first.shutdown(), second.shutdown()]));
    await Deno.writeTextFile(routes, servers(first.addr.port));
    const inner = await stage.router();
    const edge = await stage.router({ flags: ["--label-prefix", "edge", "--routes", routes] });
    await startContainer({
      env: { NAME: "both" },
      flags: ["-P"],
      labels: { "interlock.hostname": "inner.local", "edge.hostname": "edge.local" },
    });
    await inner.answers("inner.local");
    await edge.answers("edge.local");
    assert.equal((await inner.get("edge.local")).status, 404);
    assert.equal((await edge.get("inner.local")).status, 404);
    assert.equal((await edge.get("nas.local")).body, "first");
    await Deno.writeTextFile(routes, servers(second.addr.port));
    await eventually(async () => (await edge.get("nas.local")).body === "second", {
      what: "the second machine",
    });
    assert.equal((await edge.get("edge.local")).body.trim(), "both");
  },
);

live(
  "labels of an image count as the container's own, and hostile ones cost nobody else anything",
  async (stage) => {
    const router = await stage.router();
    await startContainer({ env: { NAME: "good" }, flags: ["-P", "--hostname", "good.local"] });
    const evil = "x.local\n  server evil 192.0.2.66:80\nbackend good.local";
    const hostile = await createContainer({
      labels: {
        "interlock.hostname": "image.local",
        "interlock.alias_domain": evil,
        "interlock.health_check": `httpchk GET / HTTP/1.1\r\nHost:\\ ${evil}`,
        "interlock.backend_option": `forceclose\n  http-request deny`,
        "interlock.context_root": '/"%[src] { path /x }',
        "interlock.balance_algorithm": "roundrobin #",
        "org.opencontainers.image.title": evil,
      },
    });
    const image = `signalbox-test/hostile-${crypto.randomUUID().slice(0, 8)}`;
    await docker("commit", hostile, image);
    stage.defer(() => docker("image", "rm", "-f", image));
    // The image's containers go before it does; this one says nothing itself.
    const container = `hostile-${crypto.randomUUID().slice(0, 8)}`;
    const id = await docker("run", "-d", "-P", "--name", container, image);
    stage.defer(() => docker("rm", "-f", id));
    await router.program.waitForEntry({ level: "warn", code: "bad-value", container });
    await router.answers("good.local");
    const config = await router.config();
    const directives = config.split("\n").filter((line) => !/^ *#/.test(line));
    assert.deepEqual(
      directives.filter((line) => /evil|192\.0\.2\.66|http-request deny$|"%\[src/.test(line)),
      [],
    );
    assert.equal((await router.get("good.local")).body, "good");
    assert.doesNotMatch(await router.ask("show map hosts.map"), /evil|x\.local/);
  },
);

/** The backend of www.KIND.local, with what differs between any two containers taken out. */
function sectionOf(config: string, kind: string): string {
  const section = config.split(/\n(?=# )/).find((text) => text.includes(`backend www.${kind}.local`));
  assert.ok(section, `there is a backend for ${kind}`);
  return section.replaceAll(`.${kind}.local`, ".KIND.local").replace(/^ +# .*$/gm, "").replace(
    /:[0-9a-f]{12}:/g,
    ":ID:",
  )
    .replace(/[0-9.]+:9090 id [0-9]+/g, "ADDRESS").trim();
}

live(
  "interlock.context_root routes by host and path: /app never takes /apple, and the longest prefix wins",
  async (stage) => {
    const router = await stage.router();
    const start = (name: string, labels: Record<string, string>) =>
      startContainer({
        image: WITNESS,
        env: { NAME: name },
        labels: { "interlock.hostname": "paths.local", ...labels },
        flags: ["-P"],
      });
    await start("root", {});
    await start("app", { "interlock.context_root": "/app" });
    await start("deep", { "interlock.context_root": "/app/deep" });
    const served = async (path: string) => (await router.get("paths.local", path)).body;
    const expected = {
      "/": "root",
      "/apple": "root",
      "/application/deep": "root",
      "/App": "root",
      "/app": "app",
      "/app/": "app",
      "/app?x=/app/deep": "app",
      "/app/deeper": "app",
      "/app/deep": "deep",
      "/app/deep/er": "deep",
    };
    await eventually(async () => {
      for (const [path, name] of Object.entries(expected)) assert.equal(await served(path), name, path);
      return true;
    }, { what: "each path to be served by its container" });
    // Another host is another matter.
    await startContainer({ env: { NAME: "other" }, flags: ["-P", "--hostname", "other-paths.local"] });
    await router.answers("other-paths.local");
    assert.equal(
      (await router.get("other-paths.local", "/app")).status,
      404,
      "of the container's own server",
    );
  },
);

live("a context root is what the container sees, and with rewriting it is not", async (stage) => {
  const router = await stage.router();
  const start = (name: string, labels: Record<string, string>) =>
    startContainer({
      image: WITNESS,
      env: { NAME: name },
      labels: { "interlock.hostname": "seen.local", ...labels },
      flags: ["-P"],
    });
  await start("whole", { "interlock.context_root": "/headers" });
  await start("stripped", { "interlock.context_root": "/cut", "interlock.context_root_rewrite": "true" });
  const seen = async (path: string) => {
    const answer = await eventually(async () => {
      const answer = await router.get("seen.local", path);
      return answer.status === 200 && answer;
    }, { what: `${path} to answer` });
    return JSON.parse(answer.body) as { name: string; path: string; headers: Record<string, string> };
  };
  const whole = await seen("/headers/x/y?z=1");
  assert.deepEqual([whole.name, whole.path], ["whole", "/headers/x/y?z=1"]);
  const stripped = await seen("/cut/headers/x?z=1");
  assert.deepEqual([stripped.name, stripped.path], ["stripped", "/headers/x?z=1"]);
  assert.equal(stripped.headers["x-forwarded-prefix"], "/cut");
  assert.equal((await router.get("seen.local", "/cut")).body, "stripped");
  assert.equal((await router.get("seen.local", "/cutting")).status, 404);
});
