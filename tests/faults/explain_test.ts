/** `explain` beside a signalbox that runs: with that one's settings, and its containers. */
import assert from "node:assert/strict";
import { runProgram } from "../harness/program.ts";
import { FaultStage } from "./stage.ts";

Deno.test("what runs is explained with its own settings, and what is given beats them", async () => {
  await using stage = await FaultStage.open({ host: "good", data: { ssl_only: true } });
  stage.start(["--default-domain", "example.com"], { HAPROXY_BALANCE_ALGORITHM: "leastconn" });
  await stage.answers("good.example.com");
  const explain = async (...args: string[]) => {
    const { code, stdout, stderr } = await runProgram(["explain", "--state-dir", stage.stateDir, ...args]);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  assert.match(await explain(), /serves good\.example\.com/);
  assert.match(await explain("--default-domain", "other.example"), /serves good\.other\.example/);
  const other = await stage.write("other.json", "[]");
  assert.match(await explain("--snapshot", other), /^no container runs$/m);
});
