/** A route that HAProxy refuses is found, left out and told; the others are served, and it is again when it is mended. */
import assert from "node:assert/strict";
import { BUILTIN_TEMPLATES } from "../../lib/core/config/templates.ts";
import { holding } from "../harness/events.ts";
import { eventually } from "../harness/eventually.ts";
import { FaultStage } from "./stage.ts";

const BACKEND = BUILTIN_TEMPLATES["backend.eta"] ?? "";
/** A template with a mistake that shows in some backends only: as a version of HAProxy that no longer knows a word. */
const BROKEN =
  `${BACKEND}<% if (it.options.backend_options.lines.includes("nolinger")) { %>\n    no-such-word\n<% } %>\n`;
const good = Array.from({ length: 6 }, (_, at) => ({ host: `good${at}.example` }));
const bad = { host: "bad.example", data: { backend_options: ["nolinger"] } };
const LEFT_OUT = { level: "warn", code: "refused", msg: holding("no-such-word") };

async function isToldOf(stage: FaultStage, name: string): Promise<boolean> {
  return (await stage.status()).notices.some(({ code, subject }) => code === "refused" && subject === name);
}

Deno.test("a route that HAProxy refuses at the start is left out with a notice, and the others are served", async () => {
  await using stage = await FaultStage.open(...good, bad);
  await stage.write("templates/backend.eta", BROKEN);
  const program = stage.start(["--templates", `${stage.folder}/templates`]);
  await Promise.all(good.map(({ host }) => stage.answers(host)));
  await stage.says(program, LEFT_OUT);
  await stage.answers("bad.example", 404);
  assert.ok(await isToldOf(stage, "bad.example"));
  // Mended by its container.
  await stage.want(...good, { host: "bad.example" });
  await stage.answers("bad.example");
  assert.equal(await isToldOf(stage, "bad.example"), false);
});

Deno.test("a route that HAProxy refuses while it runs costs the others nothing", async () => {
  await using stage = await FaultStage.open(...good);
  await stage.write("templates/backend.eta", BROKEN);
  const program = stage.start(["--templates", `${stage.folder}/templates`]);
  await stage.answers("good0.example");
  const { haproxy } = await stage.status();
  await stage.want(...good, bad, { host: "late.example" });
  await stage.says(program, LEFT_OUT);
  await stage.answers("late.example");
  for (const { host } of good) assert.equal((await stage.get(host)).status, 200);
  assert.equal((await stage.status()).haproxy.pid, haproxy.pid);
  await eventually(async () => (await stage.status()).trouble === undefined, {
    what: "no trouble to be left",
  });
  // What comes after it is served too: nothing is stuck.
  await stage.want(...good, bad, { host: "later.example" });
  await stage.answers("later.example");
});

Deno.test("a template that breaks on SIGHUP is one error that names the file, and HAProxy keeps what it has", async () => {
  await using stage = await FaultStage.open(...good);
  await stage.write("templates/backend.eta", BACKEND);
  const program = stage.start(["--templates", `${stage.folder}/templates`]);
  await stage.answers("good0.example");
  await stage.write("templates/backend.eta", "backend <%= it.name\n");
  const from = program.lines.length;
  program.kill("SIGHUP");
  await stage.says(program, { event: "settings-refused", level: "error", why: holding("backend.eta") }, from);
  assert.equal((await stage.get("good0.example")).status, 200);
  await stage.write("templates/backend.eta", `${BACKEND}    # mended\n`);
  program.kill("SIGHUP");
  await eventually(
    async () => (await Deno.readTextFile(`${stage.stateDir}/current/haproxy.cfg`)).includes("# mended"),
    { what: "the mended template to be used" },
  );
  await stage.want({ host: "next.example" });
  await stage.answers("next.example");
});

Deno.test("a template that is broken at the start is one error that names the file and the line", async () => {
  await using stage = await FaultStage.open(...good);
  for (
    const text of ["backend x\n    balance <%= it.balance\n", "backend x\n<% if (it.title { %>\n<% } %>\n"]
  ) {
    await stage.write("templates/backend.eta", text);
    const program = stage.start(["--templates", `${stage.folder}/templates`]);
    assert.equal(await program.exited, 1);
    const said = program.lines.filter((line) => line.startsWith("error:"));
    assert.equal(said.length, 1, program.lines.join("\n"));
    assert.match(said[0] ?? "", /backend\.eta.*line 2/);
  }
});
