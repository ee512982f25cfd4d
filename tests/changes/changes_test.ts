/**
 * Each folder beside this file is a change, and its name is the sentence that it proves:
 *
 *   before.json, after.json   what `docker inspect` printed, in short; the first is loaded, the second is the change
 *   step1.json, step2.json …  the same where one change is not enough: each is planned when the one before was done
 *   state.json                optional: what Docker does not say. {"after": {"not_ready": ["web-2"], "stopping": […],
 *                             "busy": […]}, "settings": {"http-port": "81"}, "can_add_servers": false}; with "routes", the routes of a
 *                             file; see situation.ts
 *   plan.txt                  the plan: `nothing`, `keep`, or each line that is sent to HAProxy's socket; or `reload: …` with
 *                             `meanwhile: …`, the lines that are sent where the reload is put off or refused
 *   plan-3.4.txt              the plan where HAProxy can add backends, if it is another
 *
 * To add one, add a folder, run `UPDATE=1 deno test -A tests/changes`, and read what it wrote before you commit it: would
 * a request be lost in this order? tests/haproxy does each of them with the real haproxy.
 */
import assert from "node:assert/strict";
import { createTwoFilesPatch } from "diff";
import type { HaproxyVersion } from "../../lib/core/keys/backend_option.ts";
import { capabilitiesOf } from "../../lib/core/plan/capabilities.ts";
import { type Plan, planChange } from "../../lib/core/plan/plan.ts";
import { Believed } from "../../lib/apply/believed.ts";
import {
  openRouting,
  planText,
  readSituations,
  type Situation,
  type Step,
  want,
  type Wanted,
} from "./situation.ts";

const IS_UPDATE = Deno.env.get("UPDATE") === "1";

for (const situation of readSituations()) {
  Deno.test(`change: ${situation.sentence}`, () => prove(situation));
}

Deno.test("there are changes to prove, and no two of them have the same steps", () => {
  const situations = readSituations();
  assert.ok(situations.length >= 42, `${situations.length} are too few`);
  const steps = situations.map(({ steps, settings, canAddServers }) =>
    JSON.stringify([steps, settings, canAddServers])
  );
  assert.equal(new Set(steps).size, situations.length);
});

async function prove(situation: Situation): Promise<void> {
  const plan = await planOf(situation, [2, 6]);
  await compare(new URL("plan.txt", situation.folder), plan);
  if (!situation.canAddServers) return;
  const newest = await planOf(situation, [3, 4]);
  await compare(new URL("plan-3.4.txt", situation.folder), newest === plan ? "" : newest);
}

async function planOf(situation: Situation, version: HaproxyVersion): Promise<string> {
  const settings = Object.entries(situation.settings).map(([flag, value]) =>
    [flag, value === "CERTIFICATE" ? "/certificate.pem" : value] as const
  );
  const routing = await openRouting({
    "haproxy-version": version.join("."),
    "add-backends": "true",
    ...Object.fromEntries(settings),
  });
  const [first, ...others] = situation.steps.map((step) => ({
    step,
    wanted: want(routing, step.snapshot, step.note),
  }));
  assert.ok(first !== undefined);
  const believed = new Believed();
  believed.loaded(first.wanted.desired, first.wanted.states);
  const texts: string[] = [];
  for (const { step, wanted } of others) {
    const capabilities = { ...capabilitiesOf(version, true), canAddServers: situation.canAddServers };
    assert.ok(believed.running !== undefined);
    const plan = planChange(believed.running, wanted.desired, wanted.states, capabilities);
    texts.push(`${others.length > 1 ? `# ${step.name}\n` : ""}${planText(plan)}`);
    note(believed, plan, wanted, step);
  }
  return texts.join("\n");
}

/** Notes that the plan was done, as lib/apply does. */
function note(believed: Believed, plan: Plan, { desired, states }: Wanted, step: Step): void {
  if (plan.kind === "reload" || step.note.refused !== undefined) return believed.loaded(desired, states);
  believed.saved(desired.files);
  if (plan.kind !== "runtime") return;
  const isBusy = (server: string) => (step.note.busy ?? []).some((name) => server.includes(`:${name}:`));
  for (const operation of plan.operations) {
    const isRefused = operation.kind === "delete-server" && isBusy(operation.server) ||
      operation.kind === "delete-backend" &&
        believed.running?.sections.get(operation.section)?.servers.size !== 0;
    believed.did(operation, !isRefused);
  }
  believed.bound(desired, plan.operations);
}

async function compare(url: URL, actual: string): Promise<void> {
  const wanted = await Deno.readTextFile(url).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  });
  if (actual === wanted) return;
  if (IS_UPDATE) return actual === "" ? await Deno.remove(url) : await Deno.writeTextFile(url, actual);
  const patch = createTwoFilesPatch(url.pathname.split("/").at(-1) ?? "", "the plan as it is now", wanted, actual, "", "", {
    context: 2,
  });
  throw new assert.AssertionError({ message: `${patch}\nUPDATE=1 accepts this.` });
}
