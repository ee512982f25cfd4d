/** Where certificates are kept. */
import assert from "node:assert/strict";
import { freePort, runProgram } from "../harness/program.ts";

Deno.test("signalbox keeps no certificates where a boot loses them", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sba-" });
  try {
    await Deno.writeTextFile(`${folder}/none.json`, "[]");
    for (const storage of ["/run/signalbox-test", "/var/run/signalbox-test/deep"]) {
      const { code, stderr } = await runProgram([
        ...[
          "run",
          "--snapshot",
          `${folder}/none.json`,
          "--state-dir",
          `${folder}/state`,
          "--bind",
          "127.0.0.1",
        ],
        ...["--http-port", `${freePort()}`, "--https-port", `${freePort()}`],
        ...["--acme-email", "me@example.com", "--acme-storage", storage],
      ]);
      assert.equal(code, 1, stderr);
      assert.match(stderr, /cannot keep certificates in .*, which a boot empties/);
      await assert.rejects(Deno.stat("/run/signalbox-test"), Deno.errors.NotFound);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
