/** Why a change needs a reload, in words: what came and went, and else the lines that differ. */
import assert from "node:assert/strict";
import { reloadReasonText, settingsReason } from "../../../lib/core/plan/reload_reason.ts";

const reason = (before: string, after: string): string => reloadReasonText(settingsReason(before, after));

const CACHE = "http-request cache-use _cache if { var(txn.cache) -m found }";

Deno.test("what comes and goes with a route or a peer is told by its name", () => {
  assert.equal(reason("a", `a\n    ${CACHE}`), "the first route that caches is new");
  assert.equal(reason(`a\n${CACHE}`, "a\nlua-load last_try.lua"), "the last route that caches is gone");
  const depth = (labels: number) =>
    `http-request set-var(txn.parent) var(txn.host),field(2,.,0),field(-1,.,${labels}) if x`;
  assert.equal(reason(depth(6), `${depth(7)}\n${depth(6)}`), "the first wildcard of 7 labels is new");
  assert.equal(reason("peer a 192.0.2.1:1", "peer b 192.0.2.2:1"), "the peer b is new; the peer a is gone");
  assert.equal(reason("peer a 192.0.2.1:1", "peer a 192.0.2.2:1"), "addresses of peers differ");
  const peers = Array.from({ length: 9 }, (_, at) => `peer p${at} 192.0.2.1:${at}`).join("\n");
  assert.equal(reason("", peers), "the peer p0 is new; the peer p1 is new; the peer p2 is new; 6 more");
});

Deno.test("beside that, the lines are told which it does not explain, and no secret of theirs", () => {
  assert.equal(
    reason("timeout client 60s", `${CACHE}\ntimeout client 30s`),
    'the first route that caches is new; settings of the whole config differ: "timeout client 30s" is new; "timeout client 60s" is gone',
  );
  assert.equal(
    reason("retries 3", "retries 4"),
    'settings of the whole config differ: "retries 4" is new; "retries 3" is gone',
  );
  assert.doesNotMatch(reason("", "userlist x\nuser ann password s3cret\nstats auth ann:s3cret"), /s3cret/);
  assert.equal(reason("a\nb", "b\n# c\na"), "settings of the whole config differ");
});
