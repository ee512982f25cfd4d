/** A route that was left out comes back when the cause is gone that lay in no container. */
import assert from "node:assert/strict";
import { BUILTIN_TEMPLATES } from "../../lib/core/config/templates.ts";
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
  await stage.says(program, /the route is left out, since HAProxy refuses it/);
  await stage.answers("good.example");
  await stage.write("templates/backend.eta", BACKEND);
  program.kill("SIGHUP");
  await stage.answers("bad.example");
  assert.deepEqual((await stage.status()).notices, []);
});
