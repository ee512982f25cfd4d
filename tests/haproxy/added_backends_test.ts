/** Backends that were added: their servers come and go for long, and HAProxy's memory stays as it is. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { Echo } from "./echo.ts";
import { besides, guardedContainer } from "./guarded.ts";
import { called, canAddBackends, onStage, programs, send } from "./stage.ts";

/** With a log of the backend's own, HAProxy 3.4.7 changed names, mostly within 150 (docs/decisions/add-backends). */
const ROUNDS = 250;

for (const program of programs.filter(canAddBackends)) {
  Deno.test(`${called(program)}: servers of an added backend come and go, keep their names, and nobody gets in`, async () => {
    await using echo = new Echo();
    await onStage(program, {}, async (stage) => {
      const other = guardedContainer("b", echo.port, { hostname: "other.local" });
      const shut = guardedContainer("a", echo.port, { hostname: "shut.local", deny_from: ["127.0.0.0/8"] });
      for (const all of [[other], [other, shut]]) {
        await stage.apply(want(stage.routing, JSON.stringify(all), {}));
      }
      const statuses = await besides(stage.httpPort, "shut.local", async () => {
        for (let round = 0; round < ROUNDS; round++) {
          const [server, before] = [`shut.local/s${round}`, `shut.local/s${round - 1}`];
          const answers = await send(
            stage,
            `add server ${server} 127.17.9.1:${echo.port} check inter 5000 weight 1`,
            `enable health ${server}`,
            `set server ${server} state ready`,
            ...round === 0 ? [] : [`set server ${before} state maint`, `del server ${before}`],
            "show servers state shut.local",
          );
          const names = [...(answers.at(-1) ?? "").matchAll(/^\d+ shut\.local \d+ (\S+)/gm)].map(([, name]) =>
            name
          );
          assert.deepEqual(names.filter((name) => !name?.startsWith("shut.local:")), [`s${round}`]);
        }
      });
      assert.deepEqual([...statuses.keys()], ["403"]);
      assert.equal(stage.restarts(), 0);
    });
  });
}
