import assert from "node:assert/strict";
import { parseServerStates } from "../../../lib/core/state/survey.ts";

const HEAD = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state ...\n";
const reported = (state: number) =>
  parseServerStates(`${HEAD}4 b 5 s 127.0.0.1 ${state} 0 100 100 1 6 3 4 6 0 0 0 - 80 - 0 0 - - 0\n`)[0];

Deno.test("a server whose share of the requests still grows is up, as is one that has it whole", () => {
  assert.deepEqual([0, 1, 2].map((state) => reported(state)?.isUp), [false, true, true]);
  assert.equal(reported(1)?.isReady, true);
});
