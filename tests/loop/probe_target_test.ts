/** What a container is asked before its first request. */
import assert from "node:assert/strict";
import { buildModel } from "../../lib/core/model/build_model.ts";
import { targetOf } from "../../lib/loop/probe_target.ts";
import { container, SETTINGS } from "../core/containers.ts";

const LABELS = { "interlock.hostname": "www.example.com" };
const CHECKED = { ...LABELS, "interlock.health_check": "httpchk GET /healthz" };
const OFTEN = { ...LABELS, "interlock.health_check_interval": "100" };

/** The requests that each container of a host is asked, the oldest first, and the check that HAProxy does. */
function asked(...labels: readonly (typeof LABELS)[]) {
  const containers = labels.map((each, createdAt) =>
    container(`web${createdAt}`, { labels: each, createdAt })
  );
  const { model } = buildModel({ containers, stopping: new Set(), starting: new Set() }, SETTINGS);
  const [backend] = model.backends;
  assert.ok(backend !== undefined);
  const lines = backend.servers.map((
    server,
  ) => [
    server.containerName,
    ...targetOf(backend, server).questions.map(({ request }) => request.split("\r\n")[0]),
  ]);
  const { check, check_interval } = backend.shape;
  return { lines: lines.sort(), check: check.option, every: check_interval };
}

Deno.test("a check that a younger container says first is asked of that one alone, until it is the oldest", () => {
  assert.deepEqual(asked(LABELS, CHECKED), {
    lines: [["web0"], ["web1", "GET /healthz HTTP/1.0"]],
    check: undefined,
    every: 5_000,
  });
  assert.deepEqual(asked(CHECKED), {
    lines: [["web0", "GET /healthz HTTP/1.0"]],
    check: "httpchk GET /healthz",
    every: 5_000,
  });
});

Deno.test("a check that the oldest container says is asked of all", () => {
  assert.deepEqual(asked(CHECKED, LABELS).lines, [
    ["web0", "GET /healthz HTTP/1.0"],
    ["web1", "GET /healthz HTTP/1.0"],
  ]);
});

Deno.test("a younger container gives an older one's check no less time for its answer", () => {
  assert.equal(asked(CHECKED, OFTEN).every, 5_000);
  assert.equal(asked(OFTEN, CHECKED).every, 100);
});
