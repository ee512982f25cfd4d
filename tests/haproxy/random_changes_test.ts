/**
 * After any sequence of changes HAProxy has what a fresh start from the last files gives. The sequences are random, and
 * the same for the same seed, which is printed with every step when one fails:
 *
 *   SIGNALBOX_TEST_SEED=7 SIGNALBOX_TEST_SEQUENCES=1 deno test -A tests/haproxy/random_changes_test.ts
 *
 * SIGNALBOX_TEST_SEQUENCES=1000 is a longer run. SIGNALBOX_TEST_STEPS=10000, as `scripts/dev random` says it, is another
 * one: so many steps with every key that there is, on the system's HAProxy alone, which is compared with a fresh start
 * after each step, and asked for every host; each reload is printed with its reason.
 */
import assert from "node:assert/strict";
import { play } from "./random_story.ts";
import { ReloadTally } from "./reload_tally.ts";
import { called, canAddServers, programs } from "./stage.ts";
import { MIX } from "./universe.ts";

const FIRST_SEED = Number(Deno.env.get("SIGNALBOX_TEST_SEED") ?? 1);
const SEQUENCES = Number(Deno.env.get("SIGNALBOX_TEST_SEQUENCES") ?? 6);
const STEPS = 12;
/** Where the number is not given, HAProxys between the oldest and the newest play fewer. */
const FEWER = Deno.env.get("SIGNALBOX_TEST_SEQUENCES") === undefined ? 3 : SEQUENCES;
/** Where no seed is given, each HAProxy plays other sequences: more are played in less time. */
const OWN_SEEDS = Deno.env.get("SIGNALBOX_TEST_SEED") === undefined ? SEQUENCES : 0;
/** Steps of the long run; none unless they are asked for. */
const LONG_RUN = Number(Deno.env.get("SIGNALBOX_TEST_STEPS") ?? 0);
/** Steps of one of its sequences: enough that the world is full and old, few enough to be played again. */
const LONG_STEPS = 100;

for (const [at, program] of programs.entries()) {
  if (LONG_RUN > 0) break;
  const sequences = at === 0 || at === programs.length - 1 ? SEQUENCES : FEWER;
  Deno.test(`${called(program)}: after any changes it has what a fresh start from the files gives`, async () => {
    const tally = new ReloadTally();
    const first = FIRST_SEED + at * OWN_SEEDS;
    for (let seed = first; seed < first + sequences; seed++) {
      await play({ program, seed, steps: STEPS, tally, isLong: false });
    }
    if (sequences < 6) return;
    const { ways } = tally;
    assert.ok(ways.reload > 0, "some changes need a reload");
    assert.equal(
      ways.runtime > ways.reload,
      canAddServers(program),
      `most changes are made at run time: ${JSON.stringify(ways)}`,
    );
  });
}

for (const program of LONG_RUN > 0 ? programs.slice(0, 1) : []) {
  Deno.test(`${called(program)}: after each of many changes it has what a fresh start gives`, async () => {
    const tally = new ReloadTally(console.error);
    const failures: unknown[] = [];
    for (let [seed, left] = [FIRST_SEED, LONG_RUN]; left > 0; seed++, left -= LONG_STEPS) {
      // Hours may have gone into it: one sequence that fails is told at once, and does not end the others.
      await play({ program, seed, steps: Math.min(left, LONG_STEPS), tally, isLong: true }).catch((error) => {
        console.error(error instanceof Error ? error.message : error);
        failures.push(error);
      });
      // A run that is ended goes on with the next seed.
      console.error(`seed ${seed} is done: ${tally.brief}`);
    }
    console.error(`${tally.summary}\n${MIX}`);
    assert.equal(failures.length, 0, `${failures.length} sequences failed: see above`);
  });
}
