/** What becomes of files that HAProxy refuses: the route at fault is found and left out. */
import assert from "node:assert/strict";
import { ConfigChecks } from "../../lib/apply/config_checks.ts";
import { Quarantine } from "../../lib/apply/quarantine.ts";
import type { Applied } from "../../lib/apply/reload.ts";
import { Design } from "../../lib/core/config/design.ts";
import { BUILTIN_TEMPLATES, compileTemplates } from "../../lib/core/config/templates.ts";
import type { LoadEvent } from "../../lib/core/policy/load_request.ts";
import { container, SETTINGS } from "../core/containers.ts";
import { Witness } from "../harness/events.ts";
import { settled } from "../harness/eventually.ts";
import { HandClock } from "../harness/hand_clock.ts";
import { MemoryHaproxy } from "../harness/memory_haproxy.ts";

const { signal } = new AbortController();
const RUNTIME: Applied = {
  plan: { kind: "runtime", operations: [] },
  outcome: { kind: "applied" },
  isWaiting: false,
};
const REFUSED: Applied = {
  plan: { kind: "reload", reasons: [], meanwhile: [] },
  outcome: { kind: "rejected", stage: "check", detail: "bad.example.com: unknown keyword" },
  isWaiting: false,
};

/** Checks of three hosts, of which HAProxy refuses each config that has `bad.example.com`. */
function stage() {
  const design = new Design(SETTINGS, compileTemplates(BUILTIN_TEMPLATES));
  const containers = ["bad", "good", "other"].map((name) => container(name));
  const { model } = design.build({ containers, stopping: new Set(), starting: new Set() });
  const haproxy = new MemoryHaproxy();
  haproxy.onCheck = ({ model }) =>
    model.backends.some(({ host }) => host === "bad.example.com")
      ? { kind: "rejected", stage: "check", detail: "unknown keyword" }
      : { kind: "applied" };
  const clock = new HandClock();
  const quarantine = new Quarantine();
  const requests: LoadEvent[] = [];
  let faults = 0;
  const checks = new ConfigChecks({
    haproxy,
    clock,
    report: new Witness(),
    quarantine,
    request: { tell: (event) => void requests.push(event) },
    render: (model) => design.render(model),
    onFault: () => faults++,
  });
  const left = () => quarantine.filter(model).backends.map(({ host }) => host);
  const pass = async (milliseconds: number) => {
    clock.pass(milliseconds);
    await settled();
    return { checks: haproxy.checks.length, faults };
  };
  return { checks, desired: design.render(model), quarantine, requests, left, pass };
}

Deno.test("files that commands made current are checked once in a second, and the route at fault is left out", async () => {
  const { checks, desired, quarantine, left, pass } = stage();
  assert.equal(await checks.review(RUNTIME, desired, "later", signal), false);
  assert.equal(await checks.review(RUNTIME, desired, "later", signal), false);
  assert.deepEqual(await pass(999), { checks: 0, faults: 0 });
  const { faults } = await pass(1);
  assert.equal(faults, 1);
  assert.deepEqual(left(), ["good.example.com", "other.example.com"]);
  assert.deepEqual(quarantine.notices().map(({ code, message }) => [code, message]), [
    ["refused", "the route is left out, since HAProxy refuses it: unknown keyword"],
  ]);
});

Deno.test("a load that HAProxy refuses is tried again without the route at fault", async () => {
  const { checks, desired, requests, left } = stage();
  assert.equal(await checks.review(REFUSED, desired, "later", signal), true);
  assert.deepEqual(requests, ["retry"]);
  assert.deepEqual(left(), ["good.example.com", "other.example.com"]);
});

Deno.test("neither repeated deletes nor a load are checked again; files of another signalbox are", async () => {
  const { checks, desired, pass } = stage();
  const nothing: Applied = { ...RUNTIME, plan: { kind: "nothing" } };
  await checks.review({ ...RUNTIME, isWaiting: true }, desired, "later", signal);
  await checks.review({ ...REFUSED, outcome: { kind: "applied" } }, desired, "first", signal);
  await checks.review(nothing, desired, "later", signal);
  assert.deepEqual(await pass(1_000), { checks: 0, faults: 0 });
  await checks.review(nothing, desired, "first", signal);
  assert.equal((await pass(1_000)).faults, 1);
});
