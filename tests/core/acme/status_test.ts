/** What a status says of certificates that are not there. */
import assert from "node:assert/strict";
import { acmeLines } from "../../../lib/core/status/acme_status.ts";

Deno.test("hosts that wait for the same reason until the same time are one line", () => {
  const away = { why: "cannot reach ca.test", until: "2026-11-30T03:04:13.346Z" };
  const lines = acmeLines({
    authorities: [],
    certificates: [],
    asking: [],
    waiting: [
      { hosts: ["a.test"], ...away },
      { hosts: ["b.test"], why: "refused", until: away.until },
      { hosts: ["c.test", "d.test"], ...away },
    ],
  });
  assert.deepEqual(lines.slice(1), [
    "certificates: none for a.test, c.test, d.test before 2026-11-30T03:04:13.346Z: cannot reach ca.test",
    "certificates: none for b.test before 2026-11-30T03:04:13.346Z: refused",
  ]);
});
