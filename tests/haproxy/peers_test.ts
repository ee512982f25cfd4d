/** What tables have counted survives a reload: the old worker teaches the new one. */
import assert from "node:assert/strict";
import { want } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import { Echo, sendHead, statusOf } from "./echo.ts";
import { basic, guardedContainer } from "./guarded.ts";
import { called, onStage, programs, send, type Stage } from "./stage.ts";

const HASH = "$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA";

const rowsOf = async (stage: Stage, table: string): Promise<readonly string[]> => {
  const [answer = ""] = await send(stage, `show table ${table}`);
  return [...answer.matchAll(/ key=([0-9A-F]+)/gi)].map(([, key = ""]) => key).sort();
};

for (const program of programs) {
  Deno.test(`${called(program)}: who was right with a password, and who came too often, is known after reloads`, async () => {
    await using echo = new Echo();
    await onStage(program, {}, async (stage) => {
      const ask = async (...fields: readonly string[]) =>
        statusOf(
          await sendHead(stage.httpPort, "GET / HTTP/1.1", "Host: own.local", "Connection: close", ...fields),
        );
      const show = (balance: string) => {
        const office = { hostname: "own.local", basic_auth: [`ann:${HASH}`], rate_limit: "5/1h" };
        return stage.apply(want(
          stage.routing,
          JSON.stringify([
            guardedContainer("a", echo.port, office),
            guardedContainer("b", echo.port, { hostname: "plain.local", balance_algorithm: balance }),
          ]),
          {},
        ));
      };
      await show("roundrobin");
      // A worker that is the first one waits some seconds for another that could teach it; before, it teaches nobody.
      await eventually(async () => {
        const [answer = ""] = await send(stage, "show peers");
        return /resync_timeout=<(?:PAST|NEVER)>/.test(answer);
      }, { what: "the first worker to be done with waiting" });
      assert.equal(await ask(basic("ann", "secret")), "200");
      assert.equal(await ask(basic("ann", "wrong")), "401");
      const tables = ["_known", "_wrong", "_rate_3600s"];
      const before = await Promise.all(tables.map((table) => rowsOf(stage, table)));
      assert.deepEqual(before.map((rows) => rows.length), [1, 1, 1]);
      for (const balance of ["leastconn", "roundrobin"]) {
        const { count } = stage.applier.loader;
        await show(balance);
        assert.equal(stage.applier.loader.count, count + 1);
        await eventually(async () => {
          const now = await Promise.all(tables.map((table) => rowsOf(stage, table)));
          return JSON.stringify(now) === JSON.stringify(before);
        }, { what: "the new worker to know what the old one knew" });
      }
      assert.equal(await ask(basic("ann", "secret")), "200");
      // Two before the reloads, one now: two more are let through.
      assert.deepEqual([await ask(), await ask(), await ask()], ["401", "401", "429"]);
    });
  });
}
