/** A route that was left out comes back when the cause is gone that lay in no container. */
import assert from "node:assert/strict";
import { BUILTIN_TEMPLATES } from "../../lib/core/config/templates.ts";
import { holding } from "../harness/events.ts";
import { httpGet } from "../harness/http.ts";
import { FaultStage } from "./stage.ts";

const BACKEND = BUILTIN_TEMPLATES["backend.eta"] ?? "";

Deno.test("a route that was left out is served when its template is mended and SIGHUP sent", async () => {
  await using stage = await FaultStage.open({ host: "good.example" }, {
    host: "bad.example",
    data: { backend_options: ["nolinger"] },
  });
  await stage.write(
    "templates/backend.eta",
    `${BACKEND}<% if (it.options.backend_options.lines.includes("nolinger")) { %>\n    no-such-word\n<% } %>\n`,
  );
  const program = stage.start(["--templates", `${stage.folder}/templates`]);
  await stage.says(program, { code: "refused" });
  await stage.answers("good.example");
  await stage.write("templates/backend.eta", BACKEND);
  program.kill("SIGHUP");
  await stage.answers("bad.example");
  assert.deepEqual((await stage.status()).notices, []);
});

async function makePipe(path: string): Promise<string> {
  assert.ok((await new Deno.Command("mkfifo", { args: [path] }).output()).success);
  return path;
}

Deno.test("a pipe in the place of a template is told at SIGHUP, and holds nobody", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  await stage.write("templates/note.txt", "");
  const program = stage.start(["--templates", `${stage.folder}/templates`]);
  await stage.answers("good.example");
  const pipe = await makePipe(`${stage.folder}/templates/server.eta`);
  program.kill("SIGHUP");
  await stage.says(program, { event: "settings-refused", why: holding("server.eta") });
  await stage.want({ host: "late.example" });
  await stage.answers("late.example");
  await Deno.remove(pipe);
});

Deno.test("a password that came through a pipe stays the password after SIGHUP", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const pipe = await makePipe(`${stage.folder}/password`);
  const program = stage.start(["--stats-password-file", pipe]);
  const writer = new Deno.Command("sh", { args: ["-c", `echo secret >'${pipe}'`] }).spawn();
  assert.ok((await writer.status).success);
  await stage.answers("good.example");
  const from = program.lines.length;
  program.kill("SIGHUP");
  await stage.says(program, { event: "reloaded", reasons: ["SIGHUP"] }, from);
  assert.doesNotMatch(program.lines.join("\n"), /settings-refused/);
  const headers = { authorization: `Basic ${btoa("stats:secret")}` };
  const page = await httpGet({ port: stage.port, host: "good.example", path: "/haproxy?stats", headers });
  assert.equal(page.status, 200);
});
