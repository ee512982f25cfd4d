/** What is secret is told to nobody: by no output, in no process list, in no file that others can read. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { startContainer } from "../harness/engine.ts";
import { engineFromEnv } from "../harness/engine.ts";
import { freePort, httpGet, runProgram } from "../harness/program.ts";
import { processesNaming } from "./processes.ts";
import { live } from "./stage.ts";

const PASSWORD = "correct-horse-battery-staple";
const TOKEN = "token-of-the-container";

live(
  "secrets of the settings and of containers are in no output, no process list and no readable file",
  async (stage) => {
    const passwordFile = join(stage.folder, "password");
    await Deno.writeTextFile(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
    const admin = freePort();
    const config = join(stage.folder, "copy", "haproxy.cfg");
    await Deno.mkdir(join(stage.folder, "copy"));
    const flags = [
      "--stats-password-file",
      passwordFile,
      "--admin",
      `127.0.0.1:${admin}`,
      "--config",
      config,
    ];
    const router = await stage.router({ flags, env: { SOME_TOKEN: TOKEN } });
    const env = { API_TOKEN: TOKEN, INTERLOCK_DATA: '{"hostname":"secret.local","port":8080,"oops":1}' };
    await startContainer({ env, flags: ["-P"] });
    await router.answers("secret.local");

    // The password is one: without it there is no page, with it there is.
    const stats = (given: string) =>
      router.get("any.example", "/haproxy?stats", {
        headers: { authorization: `Basic ${btoa(`stats:${given}`)}` },
      });
    assert.equal((await stats("wrong")).status, 401);
    assert.equal((await stats(PASSWORD)).status, 200);

    // Trouble is told with more words than good weather: a reload, and a config that fails.
    router.program.kill("SIGHUP");
    await router.program.waitForEntry({ event: "reloaded" });

    const heard = new Map<string, string>([["the log", router.program.lines.join("\n")]]);
    const engine = ["--docker-host", engineFromEnv().host];
    const commands = [
      ["status", "--state-dir", router.stateDir],
      ["status", "--json", "--state-dir", router.stateDir],
      ["render", ...engine],
      ["render", "--json", ...engine],
      ["snapshot", ...engine],
      ["explain", ...engine],
      ["explain", "--json", ...engine],
      ["doctor", "--json", "--log-level", "debug", ...engine, "--state-dir", router.stateDir],
    ];
    for (const [name = "", ...rest] of commands) {
      const { stdout, stderr, code } = await runProgram([name, ...rest], {
        env: { SIGNALBOX_STATS_PASSWORD: PASSWORD },
      });
      assert.ok(name === "doctor" || code === 0, `${name}: ${stderr}`);
      heard.set([name, ...rest].join(" "), stdout + stderr);
    }
    for (const path of ["/metrics", "/readyz", "/healthz", "/"]) {
      heard.set(path, (await httpGet({ port: admin, path })).body);
    }
    const processes = await processesNaming(stage.folder);
    assert.ok(processes.length >= 2, "signalbox and haproxy run");
    heard.set("the process list", processes.map(({ command }) => command).join("\n"));
    heard.set("the copy", await Deno.readTextFile(config));

    for (const [what, text] of heard) {
      assert.ok(text.length > 0, `${what} says something`);
      for (const secret of [PASSWORD, TOKEN]) assert.ok(!text.includes(secret), `${what} tells ${secret}`);
    }

    // HAProxy has to have it from somewhere: files of the owner alone.
    let holders = 0;
    for await (const path of filesUnder(router.stateDir)) {
      const text = await Deno.readTextFile(path).catch(() => "");
      assert.ok(!text.includes(TOKEN), path);
      if (!text.includes(PASSWORD)) continue;
      holders++;
      assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600, path);
    }
    assert.ok(holders > 0);
    assert.equal(((await Deno.stat(router.stateDir)).mode ?? 0) & 0o777, 0o700);
  },
);

async function* filesUnder(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* filesUnder(path);
    else if (entry.isFile) yield path;
  }
}
