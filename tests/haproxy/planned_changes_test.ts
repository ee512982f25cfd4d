/**
 * How many of random changes with every key need a reload, by plans alone: ten thousand steps take a minute, since no HAProxy is
 * started. What HAProxy makes of them is in random_changes_test.ts.
 *
 *   SIGNALBOX_TEST_STEPS=10000 deno test -A tests/haproxy/planned_changes_test.ts
 */
import assert from "node:assert/strict";
import { Believed } from "../../lib/apply/believed.ts";
import type { Routing } from "../../lib/cli/routing.ts";
import { planChange } from "../../lib/core/plan/plan.ts";
import { keepBeforeHttps } from "../../lib/core/state/kept_listener.ts";
import { openRouting, want, type Wanted } from "../changes/situation.ts";
import { certificate } from "./certificate.ts";
import { ReloadTally } from "./reload_tally.ts";
import { Universe } from "./universe.ts";

const FIRST_SEED = Number(Deno.env.get("SIGNALBOX_TEST_SEED") ?? 1);
const ASKED = Deno.env.get("SIGNALBOX_TEST_STEPS");
const STEPS = Number(ASKED ?? 1_000);
const STEPS_OF_ONE = 100;
/** As HAProxy 2.6 can. */
const CAPABILITIES = { canAddServers: true, canAddBackends: false };

/** What is wanted now, with the frontend of TCP before HTTPS where HAProxy has it. */
function wantedNow(routing: Routing, universe: Universe, { running }: Believed): Wanted {
  const wanted = want(routing, universe.snapshot, universe.note);
  const model = keepBeforeHttps(wanted.desired.model, running?.tcp);
  return model === wanted.desired.model ? wanted : { ...wanted, desired: routing.design.render(model) };
}

function playOne(routing: Routing, seed: number, tally: ReloadTally): void {
  const universe = new Universe(seed, "whole");
  const believed = new Believed();
  const load = () => {
    const { desired, states } = wantedNow(routing, universe, believed);
    believed.loaded(desired, states);
  };
  load();
  for (let step = 1; step <= STEPS_OF_ONE; step++) {
    universe.step();
    const { desired, states } = wantedNow(routing, universe, believed);
    const { running } = believed;
    assert.ok(running !== undefined);
    const plan = planChange(running, desired, states, CAPABILITIES);
    tally.count(plan, "change", `seed ${seed}, step ${step}`);
    if (plan.kind === "reload") load();
    if (plan.kind === "runtime") {
      for (const operation of plan.operations) believed.did(operation, true);
      believed.bound(desired, plan.operations);
    }
    if (universe.accident() === "a reload is asked for") load();
  }
}

Deno.test("of a hundred changes with every key one needs a reload, or two", async () => {
  const { path } = await certificate();
  const routing = await openRouting({
    "default-domain": "example.com",
    "tls-cert": path,
    "https-port": "8443",
  });
  const tally = new ReloadTally(ASKED === undefined ? undefined : console.error);
  for (let seed = FIRST_SEED; seed < FIRST_SEED + STEPS / STEPS_OF_ONE; seed++) playOne(routing, seed, tally);
  if (ASKED !== undefined) console.error(tally.summary);
  const { reload, runtime } = tally.ways;
  assert.ok(runtime > STEPS / 3 && reload > 0, tally.summary);
  assert.ok(reload / STEPS < 0.02, tally.summary);
});

Deno.test("where hosts come and go, as many as there are, none of them needs a reload", async () => {
  const routing = await openRouting({});
  const believed = new Believed();
  const hosts = (from: number) =>
    JSON.stringify(Array.from({ length: 40 }, (_, at) => ({
      Id: `c${from + at}`.padEnd(12, "0"),
      Name: `/c${from + at}`,
      Created: new Date(1_700_000_000_000 + (from + at) * 1_000).toISOString(),
      State: { Status: "running", StartedAt: "2024-05-01T10:00:01Z" },
      Config: { Hostname: `pr-${from + at}.example.com`, ExposedPorts: { "80/tcp": {} } },
      NetworkSettings: {
        Networks: { bridge: { IPAddress: `172.17.${(from + at) >> 8}.${(from + at) & 255}` } },
      },
    })));
  const first = want(routing, hosts(1), {});
  believed.loaded(first.desired, first.states);
  for (let at = 2; at < 200; at++) {
    const { desired, states } = want(routing, hosts(at), {});
    assert.ok(believed.running !== undefined);
    const plan = planChange(believed.running, desired, states, CAPABILITIES);
    assert.ok(plan.kind === "runtime", `host ${at}`);
    for (const operation of plan.operations) believed.did(operation, true);
    believed.bound(desired, plan.operations);
    const { bindings } = believed.running;
    assert.equal(new Set(bindings.values()).size, bindings.size, "no two hosts share a section");
  }
});
