/** What is left out, by a word or by a mistake, gets not one request, and takes none from others. */
import assert from "node:assert/strict";
import { startContainer, WITNESS } from "../harness/engine.ts";
import { eventually, runProgram } from "../harness/program.ts";
import { live, tally } from "./stage.ts";

const start = (name: string, labels: Record<string, string>, flags: readonly string[] = ["-P"]) =>
  startContainer({ image: WITNESS, env: { NAME: name }, labels, flags: [...flags] });

live(
  "a path that cannot be read, or a word that is near to one, takes no request of the whole host",
  async (stage) => {
    const router = await stage.router();
    await start("web", { "interlock.hostname": "shop.local" });
    await router.answers("shop.local");
    const wrong = [
      ["interlock.context_root", "api", "bad-value"],
      ["interlock.path", "/api", "unknown-key"],
      ["interlock.context-root", "/api", "unknown-key"],
    ] as const;
    for (const [label, value, code] of wrong) {
      const container = `left-out-${crypto.randomUUID().slice(0, 8)}`;
      await start("api", { "interlock.hostname": "shop.local", [label]: value }, ["-P", "--name", container]);
      await router.program.waitForEntry({ level: "warn", code, container });
    }
    assert.deepEqual(await tally(100, () => router.get("shop.local")), { web: 100 });
    await start("api", { "interlock.hostname": "shop.local", "interlock.context_root": "/api" });
    await eventually(async () => (await router.get("shop.local", "/api/x")).body === "api", {
      what: "the path",
    });
    assert.deepEqual(await tally(100, () => router.get("shop.local", "/basket")), { web: 100 });
  },
);

live("interlock.enable=false leaves out one container of a host, and the others serve it", async (stage) => {
  const router = await stage.router();
  await start("in", { "interlock.hostname": "part.local" });
  await start("out", { "interlock.hostname": "part.local", "interlock.enable": "false" });
  await start("alone", { "interlock.enable": "off" }, ["-P", "--hostname", "alone.local"]);
  await start("last", { "interlock.hostname": "last.local" });
  for (const host of ["part.local", "last.local"]) await router.answers(host);
  assert.deepEqual(await tally(100, () => router.get("part.local")), { in: 100 });
  await router.answers("alone.local", 404);
});

live(
  "with --opt-in a container is served that asks, and explain says why the other is not",
  async (stage) => {
    const router = await stage.router({ flags: ["--opt-in"] });
    await start("silent", {}, ["-P", "--hostname", "silent.local"]);
    await start("asks", { "interlock.enable": "true" }, ["-P", "--hostname", "asks.local"]);
    await router.answers("asks.local");
    await router.answers("silent.local", 404);
    const { stdout } = await runProgram(["explain", "silent.local", "--state-dir", router.stateDir]);
    assert.match(stdout, /it asks for nothing, and --opt-in is set/);
  },
);
