/** Several containers of one host that are killed at once cost nobody a request, as long as one of them is left. */
import assert from "node:assert/strict";
import { docker, startContainer } from "../harness/engine.ts";
import { eventually } from "../harness/program.ts";
import { askWhile, live } from "./stage.ts";

const HOST = "many.local";
/** HAProxy tries a request three times: with more replicas, it may meet three that have just died. */
const REPLICAS = 3;
const ROUNDS = 4;
const CLIENTS = 8;
const CUT = "Error: aborted";

live("a request is answered while all but one of its host's containers are killed at once", async (stage) => {
  const router = await stage.router();
  const names = Array.from({ length: REPLICAS }, (_, at) => `replica${at}`);
  const ids = await Promise.all(
    names.map((name) => startContainer({ env: { NAME: name }, flags: ["--hostname", HOST] })),
  );
  const allServe = async () => {
    const served = new Set<string>();
    await eventually(async () => served.add((await router.get(HOST)).body).size === REPLICAS, {
      what: "every replica to serve",
      everyMs: 1,
    });
  };
  await allServe();
  const killing = (async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const killed = ids.filter((_, at) => at !== round % REPLICAS);
      await Promise.all(killed.map((id) => docker("kill", id)));
      await Promise.all(killed.map((id) => docker("start", id)));
      await allServe();
    }
  })();
  const clients = Array.from({ length: CLIENTS }, () => askWhile(() => router.get(HOST), killing));
  const endings = (await Promise.all(clients)).flat();
  // An answer whose head was out when its container was killed cannot be taken back.
  const cut = endings.filter((ending) => ending === CUT).length;
  assert.ok(cut <= ROUNDS * (REPLICAS - 1), `${cut} answers were cut`);
  assert.deepEqual(endings.filter((ending) => ending !== 200 && ending !== CUT), []);
});
