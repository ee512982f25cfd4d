import assert from "node:assert/strict";
import { count } from "../../../lib/core/values/count.ts";
import { servedOf } from "../../../lib/core/status/source_status.ts";
import type { Model } from "../../../lib/core/model/model.ts";
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

const serverAt = (container: string, state: "ready" | "waiting") => ({
  container,
  address: "172.17.0.2:80",
  state,
  why: state === "ready" ? undefined : "it refuses connections",
});

Deno.test("what is served is counted, and what serves nothing now and what redirects by themselves", () => {
  const route = (name: string, ...states: readonly ("ready" | "waiting")[]) => ({
    route: name,
    backend: name,
    servers: states.map((state, at) => serverAt(`c${at}`, state)),
  });
  const moved = { ...route("old.example", "ready"), isRedirect: true as const };
  const linesOf = (...routes: readonly ReturnType<typeof route>[]) =>
    formatStatus(statusOf({ routes })).split("\n").filter((line) => /^(?:routes:| )/.test(line));
  assert.deepEqual(linesOf(route("a.example", "ready"), route("b.example", "ready", "waiting")), [
    "routes: 2",
    "  a.example: 1 ready",
    "  b.example: 1 ready, 1 waiting",
    "    c1 at 172.17.0.2:80 is waiting: it refuses connections",
  ]);
  assert.deepEqual(linesOf(route("a.example", "ready"), route("b.example", "waiting"), moved), [
    "routes: 1, and 1 without a ready server, and 1 redirect",
    "  a.example: 1 ready",
    "  b.example: 1 waiting",
    "    c0 at 172.17.0.2:80 is waiting: it refuses connections",
    "  old.example: redirected",
  ]);
  assert.deepEqual(linesOf(), ["routes: 0"]);
});

Deno.test("of a file of routes those that are served are counted, and those that are left out", () => {
  const names = ["nas@routes.yaml", "nas@routes.yaml", "nas@other.yaml", "web"];
  const model = {
    backends: [{ servers: names.map((containerName) => ({ containerName })) }],
  } as unknown as Model;
  const file = { kind: "routes", isConnected: true, detail: "file of routes" } as const;
  const sources = servedOf([
    { ...file, name: "/etc/routes.yaml", containers: 3, mark: "@routes.yaml" },
    {
      ...file,
      name: "/etc/other.yaml",
      containers: 1,
      mark: "@other.yaml",
      isConnected: false,
      detail: "bad",
    },
  ], model);
  const lines = formatStatus(statusOf({ sources })).split("\n").filter((line) =>
    line.startsWith("routes of")
  );
  assert.deepEqual(lines, [
    "routes of /etc/routes.yaml: in use, 1 route, and 2 left out",
    "routes of /etc/other.yaml: NOT USED AS IT IS (bad), those that were read before stay, 1 route",
  ]);
});

Deno.test("an HAProxy that was adopted tells when it was loaded last", () => {
  const { haproxy } = statusOf();
  const adopted = statusOf({
    lastReload: undefined,
    haproxy: { ...haproxy, workerStartedAt: "2024-04-30T10:00:00.000Z" },
    events: [{
      at: "2024-05-01T10:00:00.100Z",
      event: "adopted",
      level: "info",
      text: "adopted the running HAProxy",
    }],
  });
  assert.match(
    formatStatus(adopted),
    /^last reload: 2024-04-30T10:00:00\.000Z, before this signalbox, which adopted HAProxy at 2024-05-01T10:00:00\.100Z$/m,
  );
  assert.match(
    formatStatus({ ...adopted, events: [] }),
    /^last reload: 2024-04-30T10:00:00\.000Z, before this signalbox$/m,
  );
  assert.doesNotMatch(formatStatus(statusOf({ lastReload: undefined })), /last reload/);
});
