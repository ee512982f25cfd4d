/** Docker and Podman without root: their containers are reached at published ports, and never at an address of another engine's. */
import assert from "node:assert/strict";
import { addressOf, startContainer, TINY } from "../harness/engine.ts";
import { eventually } from "../harness/eventually.ts";
import { runProgram } from "../harness/program.ts";
import { missingFor, rootlessEngine } from "./rootless_engines.ts";
import { askWhile, live, tally } from "./stage.ts";

const HOST = "rootless.local";

/** The two take 20 s together. */
const isAsked = Deno.env.get("SIGNALBOX_TEST_ALL") === "1";

for (const kind of ["docker", "podman"] as const) {
  const missing = await missingFor(kind);
  if (isAsked && missing !== undefined) console.error(`skipped: ${missing}`);

  live(`containers of ${kind} without root are reached at their published ports alone`, async (stage) => {
    const { host, docker } = await rootlessEngine(stage, kind);
    // An engine with root gives its containers the same addresses.
    const other = await startContainer({ env: { NAME: "another's" }, flags: ["--hostname", "root.local"] });
    const run = (name: string, ...flags: string[]) =>
      docker("run", "-d", "--name", name, "--hostname", HOST, "-e", `NAME=${name}`, ...flags, TINY);
    await run("one", "-p", "8080");
    await run("hidden");
    const router = await stage.router({ engine: host });
    assert.equal((await router.answers(HOST)).body, "one");
    if (kind === "docker") {
      const format = "{{.NetworkSettings.Networks.bridge.IPAddress}}";
      assert.equal(await docker("inspect", "-f", format, "one"), await addressOf(other));
    }
    await router.program.waitForEntry({ container: "hidden", code: "no-address" });
    const { stdout } = await runProgram(["explain", "one", "--docker-host", host]);
    assert.match(stdout, new RegExp(`serves ${HOST}\n  at 127\\.0\\.0\\.1:\\d+ `));
    const both = () => router.get(HOST);
    await run("two", "-p", "8080");
    await eventually(async () => Object.keys(await tally(4, both)).length === 2, { what: "both to answer" });
    const endings = await askWhile(both, async () => {
      await docker("stop", "one");
      await eventually(async () => (await tally(4, both))["two"] === 4, { what: "the other one alone" });
    });
    const failed = endings.filter((ending) => ending !== 200);
    // Podman does not tell of a stop before the end, and what forwards its ports ends with the container: the answer of that moment
    // may be cut.
    assert.ok(failed.length <= (kind === "podman" ? 1 : 0), `${failed}`);
    await docker("rm", "-f", "two");
    await router.answers(HOST, 404);
  }, { isIgnored: !isAsked || missing !== undefined });
}
