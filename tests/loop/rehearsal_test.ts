/** The first change is played before it comes, where nobody can see it. */
import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import { Design } from "../../lib/core/config/design.ts";
import { decodeSnapshot } from "../../lib/docker/file/snapshot_file.ts";
import { Rehearsal } from "../../lib/loop/rehearsal.ts";
import { openRouting } from "../changes/situation.ts";
import type { Clock } from "../../lib/ports.ts";
import { settled } from "../harness/eventually.ts";
import { HandClock } from "../harness/hand_clock.ts";

const CAPABILITIES = { canAddServers: true, canAddBackends: false, canSetStates: true };

/** A container of a situation, and a rehearsal that has it for an example; `wakes` says how often something happened. */
async function rehearsalOf(situation: string, wakes: () => number, clock: Clock = systemClock) {
  const routing = await openRouting({ "haproxy-version": "2.6" });
  const url = new URL(`../changes/${situation}/before.json`, import.meta.url);
  const snapshot = decodeSnapshot(await Deno.readTextFile(url));
  const [example] = snapshot.ok ? snapshot.value.containers : [];
  assert.ok(example);
  const ending = new AbortController();
  let designs = 0;
  const design = () => {
    designs++;
    return new Design(routing.settings, routing.templates);
  };
  const parts = { example: () => example, design, capabilities: () => CAPABILITIES, wakes, clock };
  return { example, rehearsal: new Rehearsal(parts, ending.signal), ending, designs: () => designs };
}

/** What was told, with the name of a server in place of its id. */
const named = (lines: readonly string[]) =>
  lines.map((line) => line.replace(/[^ /]+\/[^ ]*:222222222222:80/g, "SERVER"));

Deno.test("a rehearsal takes a server out and in, as a change at run time does", async () => {
  const { example, rehearsal } = await rehearsalOf("nothing_changed", () => 1);
  const before = structuredClone(example);
  const { told, loads } = await rehearsal.play(example);
  assert.equal(loads, 1);
  const verbs = named(told).map((line) => line.split(" ").filter((_, at) => at < 2 || at > 2).join(" "));
  assert.ok(verbs.some((line) => /^set server state maint/.test(line)), told.join("\n"));
  for (const command of ["del server", "add server", "enable health", "set server state ready"]) {
    assert.ok(verbs.some((line) => line.startsWith(command)), `${command}:\n${told.join("\n")}`);
  }
  assert.deepEqual(example, before);
});

Deno.test("a rehearsal ends as soon as something happens", async () => {
  let asked = 0;
  // Once the rehearsal has begun its first pass, something comes.
  const { example, rehearsal } = await rehearsalOf("nothing_changed", () => ++asked < 3 ? 1 : 2);
  const { told, loads } = await rehearsal.play(example);
  assert.deepEqual([told, loads], [[], 1]);
});

Deno.test("a rehearsal comes once, when nothing has happened for half a second", async () => {
  const clock = new HandClock();
  let wakes = 1;
  const { rehearsal, ending, designs } = await rehearsalOf("nothing_changed", () => wakes, clock);
  rehearsal.passed();
  wakes++;
  clock.pass(500);
  assert.equal(designs(), 0, "a pass is under way");
  rehearsal.passed();
  clock.pass(499);
  rehearsal.passed();
  clock.pass(499);
  assert.equal(designs(), 0, "something has happened");
  clock.pass(1);
  assert.equal(designs(), 1);
  for (let at = 0; at < 20; at++) {
    clock.pass(2_000);
    await settled();
  }
  rehearsal.passed();
  clock.pass(1_000);
  assert.equal(designs(), 1, "once is enough");
  ending.abort();
});
