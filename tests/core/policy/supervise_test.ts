import assert from "node:assert/strict";
import {
  type ProcessEvent,
  type ProcessState,
  type Step,
  SUPERVISION,
} from "../../../lib/core/policy/supervise.ts";

/** What happens to a process, and what was commanded on the way. */
function play(
  ...events: readonly ProcessEvent[]
): { readonly state: ProcessState; readonly commands: string[] } {
  let state: ProcessState = "absent";
  const commands: string[] = [];
  for (const event of events) {
    const step: Step = SUPERVISION[state][event];
    state = step.next;
    if (step.command !== "none") commands.push(step.command);
  }
  return { state, commands };
}

Deno.test("a process is spawned once, however often it is wanted", () => {
  assert.deepEqual(play("start", "start", "proved", "start"), { state: "serving", commands: ["spawn"] });
});

Deno.test("a crash is answered with a new process after a delay", () => {
  assert.deepEqual(play("start", "proved", "exited"), { state: "waiting", commands: ["spawn", "delay"] });
  assert.deepEqual(play("start", "proved", "exited", "due").commands, ["spawn", "delay", "spawn"]);
});

Deno.test("a process that never serves is started again with a delay too", () => {
  assert.deepEqual(play("start", "exited", "due", "exited").commands, ["spawn", "delay", "spawn", "delay"]);
});

Deno.test("a new config does not wait for the delay to end", () => {
  assert.deepEqual(play("start", "exited", "start"), {
    state: "starting",
    commands: ["spawn", "delay", "spawn"],
  });
});

Deno.test("a delay that ends late starts no second process", () => {
  assert.deepEqual(play("start", "exited", "start", "due").commands, ["spawn", "delay", "spawn"]);
});

Deno.test("the end terminates what runs, once, and nothing comes after it", () => {
  assert.deepEqual(play("start", "proved", "end", "end", "exited"), {
    state: "ended",
    commands: ["spawn", "terminate"],
  });
  assert.deepEqual(play("start", "proved", "end", "exited", "due", "start", "proved"), {
    state: "ended",
    commands: ["spawn", "terminate"],
  });
});

Deno.test("from every state, an end and an exit lead to the end", () => {
  for (const state of Object.keys(SUPERVISION) as ProcessState[]) {
    const ending = SUPERVISION[state].end.next;
    assert.equal(SUPERVISION[ending].exited.next, "ended", state);
  }
});
