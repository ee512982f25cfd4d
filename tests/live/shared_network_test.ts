/** Containers in the network of another, as behind a VPN's container, and variables that stand twice. */
import assert from "node:assert/strict";
import { docker, startContainer } from "../harness/engine.ts";
import { live } from "./stage.ts";

live(
  "a container in another's network is reached at a port that the owner publishes, through a chain too",
  async (stage) => {
    const router = await stage.router();
    const owner = await startContainer({
      env: { NAME: "vpn" },
      flags: ["-p", "127.0.0.1::8123", "--expose", "8124"],
    });
    const app = await startContainer({
      env: { NAME: "app", PORT: "8123" },
      labels: { "interlock.hostname": "app.local", "interlock.port": "8123" },
      flags: ["--network", `container:${owner}`],
    });
    await startContainer({
      env: { NAME: "leaf", PORT: "8124" },
      labels: { "interlock.hostname": "leaf.local", "interlock.port": "8124" },
      flags: ["--network", `container:${app}`],
    });
    assert.equal((await router.answers("app.local")).body, "app");
    assert.equal((await router.answers("leaf.local")).body, "leaf");
  },
);

live("a name that is the id of a network's owner takes none of its traffic", async (stage) => {
  const router = await stage.router();
  const owner = await startContainer({ env: { NAME: "vpn" } });
  await startContainer({
    env: { NAME: "app", PORT: "8123" },
    labels: { "interlock.hostname": "app.local", "interlock.port": "8080" },
    flags: ["--network", `container:${owner}`],
  });
  assert.equal((await router.answers("app.local")).body, "vpn");
  const thief = await startContainer({
    env: { NAME: "thief" },
    flags: ["--name", owner, "--hostname", "thief.local"],
  });
  await router.answers("thief.local");
  assert.equal((await router.get("app.local")).body, "vpn");
  await docker("rm", "-f", thief);
});

live(
  "of a variable that an env file and the command line set, the container's process and signalbox see the last",
  async (stage) => {
    const router = await stage.router();
    const file = await Deno.makeTempFile({ prefix: "signalbox-env-" });
    try {
      await Deno.writeTextFile(file, 'INTERLOCK_DATA={"hostname":"file.local"}\n');
      const data = 'INTERLOCK_DATA={"hostname":"cli.local"}';
      const id = await startContainer({ env: { NAME: "twice" }, flags: ["--env-file", file, "-e", data] });
      assert.equal((await router.answers("cli.local")).body, "twice");
      assert.equal((await router.get("file.local")).status, 404);
      assert.match(await docker("exec", id, "env"), /^INTERLOCK_DATA=\{"hostname":"cli\.local"\}$/m);
    } finally {
      await Deno.remove(file);
    }
  },
);
