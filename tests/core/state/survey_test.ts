/** What HAProxy tells of itself is read strictly, and only what someone else changed counts as a drift. */
import assert from "node:assert/strict";
import type { Running } from "../../../lib/core/state/running.ts";
import { findDrift, parseSurvey, type Survey } from "../../../lib/core/state/survey.ts";

const running = (routes: Record<string, string>, file: string): Running => ({
  files: new Map([["hosts.map", file]]),
  fixed: "",
  defaults: new Map(),
  sections: new Map(),
  routes: new Map(Object.entries(routes)),
  bindings: new Map(),
});

const survey = (...routes: [string, string][]): Survey => ({
  servers: [],
  routes: routes.map(([key, section]) => ({ key, section })),
  sections: new Set(),
});

const OURS = "# host/path/ backend\na.example/ a.example\n";

Deno.test("a route that was removed, added or led elsewhere is told, and where it leads by now", () => {
  const had = running({ "a.example/": "_spare_1", "b.example/": "b" }, `${OURS}b.example/ b\n`);
  const drift = findDrift(had, survey(["b.example/", "a"], ["c.example/", "a"]));
  assert.equal(drift.reloadReason, undefined);
  assert.deepEqual(drift.told.map((line) => line.split(" by ")[0]).sort(), [
    "the route a.example/ was removed",
    "the route b.example/ was led elsewhere",
    "the route c.example/ was added",
  ]);
  assert.deepEqual(Object.fromEntries(drift.routes), {
    "a.example/": undefined,
    "b.example/": "a",
    "c.example/": "a",
  });
});

Deno.test("a route that a user's own template has beside ours, or leaves out, is no drift", () => {
  const had = running({ "a.example/": "a.example", "left.example/": "left" }, `${OURS}own.example/ static\n`);
  const drift = findDrift(had, survey(["a.example/", "a.example"], ["own.example/", "static"]));
  assert.deepEqual(drift, { told: [], reloadReason: undefined, servers: [], routes: new Map() });
});

Deno.test("a key of ours that stands twice needs a reload; a map that HAProxy does not have is not compared", () => {
  const twice = findDrift(
    running({ "a.example/": "a" }, OURS),
    survey(["a.example/", "a"], ["a.example/", "a"]),
  );
  assert.equal(twice.reloadReason, "hosts.map has a key twice");
  const { routes } = parseSurvey([
    "1\n",
    "Unknown map identifier. Please use #<id> or <file>.\n",
    "# name\n",
  ]);
  assert.equal(routes, undefined);
  const had = running({ "a.example/": "a" }, OURS);
  const drift = findDrift(had, { ...survey(), routes });
  assert.deepEqual([drift.told, drift.routes.size], [[], 0]);
});
