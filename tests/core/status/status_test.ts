import assert from "node:assert/strict";
import { count } from "../../../lib/core/values/count.ts";
import { formatStatus } from "../../../lib/core/status/status.ts";
import { statusOf } from "../../report/statuses.ts";

Deno.test("one is told as one, and any other number as many", () => {
  assert.deepEqual([0, 1, 2].map((number) => count(number, "warning")), [
    "0 warnings",
    "1 warning",
    "2 warnings",
  ]);
});

Deno.test("no name of a container gets into a line of status that a terminal would obey", () => {
  const evil = "w\u001b[2J\u009b\u202e\neb";
  const text = formatStatus(statusOf({
    trouble: evil,
    sources: [{ name: evil, isConnected: false, detail: evil, containers: 1 }],
    routes: [{
      route: "a.example",
      backend: "a.example",
      servers: [{ container: evil, address: "172.17.0.2:80", state: "waiting", why: evil }],
    }],
    notices: [{ severity: "warning", code: "x", subject: evil, message: evil }],
  }));
  assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
  assert.match(text, /^ {4}w\\u001b\[2J\\u009b\\u202e\\u000aeb at 172\.17\.0\.2:80 is waiting: w/m);
});

Deno.test("a reload that waits is told with how long, why, what for, and what an operator can do", () => {
  const reasons = ["options of flapping.example differ"];
  const text = formatStatus(statusOf({ pid: 77, spacedReload: { reasons, waitMs: 117_300 } }));
  const [line = ""] = text.split("\n").filter((line) => line.startsWith("the next reload"));
  for (const part of ["waits 118 seconds", "--hard-stop-after", "kill -HUP 77", ...reasons]) {
    assert.ok(line.includes(part), `${part} in: ${line}`);
  }
});
