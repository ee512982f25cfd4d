/**
 * After any sequence of changes HAProxy has what a fresh start from the last files gives. The sequences are random, and
 * the same for the same seed, which is printed with every step when one fails:
 *
 *   SIGNALBOX_TEST_SEED=7 SIGNALBOX_TEST_SEQUENCES=1 deno test -A tests/haproxy/random_changes_test.ts
 *
 * SIGNALBOX_TEST_SEQUENCES=1000 is a longer run.
 */
import assert from "node:assert/strict";
import type { Plan } from "../../lib/core/plan.ts";
import type { Operation } from "../../lib/core/runtime_command.ts";
import { type Note, planText, want, type Wanted } from "../changes/situation.ts";
import { reloadReasonText } from "../../lib/core/reload_reason.ts";
import type { HaproxyProgram } from "../harness/haproxies.ts";
import { httpGet } from "../harness/http.ts";
import { freshState, readState, type State } from "./compare.ts";
import { Containers } from "./containers.ts";
import { called, canAddServers, onStage, programs, settled, type Stage } from "./stage.ts";
import { Universe } from "./universe.ts";

const FIRST_SEED = Number(Deno.env.get("SIGNALBOX_TEST_SEED") ?? 1);
const SEQUENCES = Number(Deno.env.get("SIGNALBOX_TEST_SEQUENCES") ?? 25);
const STEPS = 12;

for (const program of programs) {
  Deno.test(`${called(program)}: after any changes it has what a fresh start from the files gives`, async () => {
    const ways = { nothing: 0, keep: 0, runtime: 0, reload: 0 };
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEQUENCES; seed++) await play(program, seed, ways);
    if (SEQUENCES < 25) return;
    assert.ok(ways.reload > 0, "some changes need a reload");
    assert.equal(
      ways.runtime > ways.reload,
      canAddServers(program),
      `most changes are made at run time: ${JSON.stringify(ways)}`,
    );
  });
}

async function play(program: HaproxyProgram, seed: number, ways: Record<string, number>): Promise<void> {
  const steps: string[] = [];
  let said: readonly string[] = [];
  const request = { settings: { "default-domain": "example.com" } };
  try {
    await using containers = new Containers();
    const { changed, last } = await onStage(program, request, (stage) => {
      said = stage.said;
      return change(stage, containers, seed, steps, ways);
    });
    const fresh = await freshState(
      program,
      request,
      (stage) => want(stage.routing, last.snapshot, last.note),
    );
    assert.deepEqual(changed, fresh);
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    const log = said.filter((line) => !/Proxy .* stopped/.test(line)).slice(-40);
    throw new Error(`seed ${seed}, after these steps:\n${steps.join("\n")}\n${why}\n${log.join("\n")}`);
  }
}

type Last = { readonly snapshot: string; readonly note: Note };

async function change(
  stage: Stage,
  containers: Containers,
  seed: number,
  steps: string[],
  ways: Record<string, number>,
): Promise<{ readonly changed: State; readonly last: Last }> {
  const universe = new Universe(seed);
  const requests: Promise<unknown>[] = [];
  let last: Last = { snapshot: "[]", note: {} };
  let wanted: Wanted = want(stage.routing, last.snapshot, last.note);
  await stage.apply(wanted);
  for (let count = 0; count < STEPS; count++) {
    const words = universe.step();
    steps.push(`${count + 1}. ${words}`);
    last = { snapshot: containers.move(universe.snapshot), note: universe.note };
    await containers.start(last.snapshot);
    wanted = want(stage.routing, last.snapshot, last.note);
    const { plan } = await stage.apply(wanted);
    ways[plan.kind] = (ways[plan.kind] ?? 0) + 1;
    steps.push(
      `   ${plan.kind}${plan.kind === "reload" ? `: ${plan.reasons.map(reloadReasonText).join("; ")}` : ""}`,
    );
    const surprises = stage.said.filter((line) => /not as it was believed/.test(line));
    assert.ok(surprises.every(isExpected), surprises.join("\n"));
    if (count % 3 === 2) {
      steps.push("   another signalbox takes over");
      await stage.replace();
      const again = await stage.apply(wanted);
      // What waits for its last connections is asked for again; else there is nothing to do.
      const isRest = again.plan.kind === "runtime" && again.plan.operations.every(isRemoval);
      assert.ok(
        again.plan.kind === "nothing" || isRest || isUnclear(stage, again.plan),
        planText(again.plan),
      );
    }
    // Requests that are under way keep servers that are told to go from being deleted, until later.
    if (count % 4 === 1) requests.push(...await keepBusy(stage, containers, universe.pickHost(), steps));
    if (count % 4 === 3) containers.release();
  }
  containers.release();
  await Promise.all(requests);
  await containers.endOthers(last.snapshot);
  await settled(stage, wanted);
  assert.equal((await stage.apply(wanted)).plan.kind, "nothing", "there is nothing left to do");
  return { changed: await readState(stage), last };
}

/** A backend that was deleted and came back with other options does not tell which of them it has. */
const isUnclear = (stage: Stage, plan: Plan): boolean =>
  stage.haproxy.capabilities.canAddBackends && plan.kind === "reload" &&
  plan.reasons.every((reason) => /^options of \S+ differ$/.test(reloadReasonText(reason)));

const isRemoval = ({ kind }: Operation): boolean =>
  kind === "delete-server" || kind === "unpublish-backend" || kind === "delete-backend";

/** What comes back at another address while its old server still has requests is refused, and reloaded. */
const isExpected = (surprise: string): boolean => /already used|[Aa]lready exists/.test(surprise);

/** Sends a request to a host, and comes back once a container holds it, or once it was answered otherwise. */
async function keepBusy(
  stage: Stage,
  containers: Containers,
  host: string,
  steps: string[],
): Promise<Promise<unknown>[]> {
  containers.holdAll();
  const answer = httpGet({ port: stage.httpPort, host, path: "/held" });
  answer.catch(() => undefined);
  const isHeld = await Promise.race([containers.nextHeld().then(() => true), answer.then(() => false)]);
  steps.push(`   a request to ${host} ${isHeld ? "is under way" : `is answered ${(await answer).status}`}`);
  return [answer];
}
