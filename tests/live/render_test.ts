/** What CI prints is what `run` loads. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { docker, engineFromEnv, startContainer, WITNESS } from "../harness/engine.ts";
import { runProgram } from "../harness/program.ts";
import { live, says } from "./stage.ts";

live(
  "render prints byte for byte the haproxy.cfg that run loaded, from docker inspect and from snapshot",
  async (stage) => {
    const router = await stage.router({ flags: ["--default-domain", "default.local"] });
    await startContainer({ flags: ["-P", "--hostname", "plain.local"] });
    await startContainer({ flags: ["--hostname", "short"] });
    await startContainer({
      image: WITNESS,
      env: {
        SECRET: "hush",
        PORTS: "8080 9090",
        ...says({
          alias_domains: ["alias.local", "*.wild.local"],
          port: 9090,
          warm: true,
          check: "httpchk GET /",
        }).env,
      },
      labels: {
        "interlock.api.hostname": "api.local",
        "interlock.api.context_root": "/v1",
        "interlock.api.port": "8080",
      },
      flags: ["-P", "--hostname", "rich.local"],
    });
    await startContainer({ env: { ...says({ port: 1 }).env }, flags: ["-P", "--hostname", "wrong.local"] });
    for (const host of ["plain.local", "short.default.local", "rich.local", "sub.wild.local"]) {
      await router
        .answers(host);
    }
    const loaded = await router.config();
    const engine = ["--docker-host", engineFromEnv().host];
    const render = async (stdin: string, ...flags: string[]) => {
      const finished = await runProgram(["render", ...router.flags, ...flags], { stdin });
      assert.equal(finished.code, 0, finished.stderr);
      return finished.stdout;
    };

    const ids = (await docker("ps", "-q")).split("\n");
    const inspected = await docker("inspect", ...ids);
    assert.equal(await render(inspected, "--snapshot", "-"), loaded, "from docker inspect $(docker ps -q)");
    const backwards = await docker("inspect", ...ids.toReversed());
    assert.equal(await render(backwards, "--snapshot", "-"), loaded, "in another order");
    assert.equal(await render("", ...engine), loaded, "from Docker as it stands");

    const snapshot = await runProgram(["snapshot", ...engine]);
    assert.equal(snapshot.code, 0, snapshot.stderr);
    assert.equal(await render(snapshot.stdout, "--snapshot", "-"), loaded, "from signalbox snapshot");
    assert.ok(!snapshot.stdout.includes("hush"), "a snapshot keeps no environment variable");

    const folder = `${join(stage.folder, "rendered")}/`;
    await render(inspected, "--snapshot", "-", "--output", folder, "--validate");
    for (const file of ["haproxy.cfg", "hosts.map"]) {
      const current = await Deno.readTextFile(join(router.stateDir, "current", file));
      assert.equal(await Deno.readTextFile(folder + file), current, file);
    }
    const same = await runProgram(["render", ...router.flags, "--snapshot", "-", "--diff", folder], {
      stdin: inspected,
    });
    assert.deepEqual([same.code, same.stdout], [0, ""]);
  },
);

live(
  "explain says which host a container serves and at which address, or why it serves none",
  async () => {
    const suffix = crypto.randomUUID().slice(0, 8);
    await startContainer({ flags: ["-P", "--hostname", "told.local", "--name", `told-${suffix}`] });
    await startContainer({
      env: says({ port: 1 }).env,
      flags: ["-P", "--hostname", "lost.local", "--name", `lost-${suffix}`],
    });
    const explain = async (what: string) =>
      await runProgram(["explain", what, "--docker-host", engineFromEnv().host]);
    const told = await explain(`told-${suffix}`);
    assert.equal(told.code, 0, told.stderr);
    assert.match(told.stdout, /told\.local[^]*[0-9.]+:8080/);
    assert.match((await explain("told.local")).stdout, new RegExp(`told-${suffix}`));
    assert.match((await explain(`lost-${suffix}`)).stdout, /has no port 1/);
  },
);
