/** What each of Docker's events means, by what is known of its container. */
import assert from "node:assert/strict";
import { ACTIONS, type ContainerEvent } from "../../../lib/docker/api/event.ts";
import { type EventMeaning, meaningOf } from "../../../lib/docker/follow/event_meaning.ts";
import { container as view } from "../../core/containers.ts";

const web = view("web", { stopSignal: "SIGQUIT" });

/** By action: what it means for a container that is not known, that runs, and that was told to stop. */
const MEANINGS: Readonly<Record<string, readonly [EventMeaning, EventMeaning, EventMeaning]>> = {
  create: ["was-created", "was-created", "was-created"],
  connect: ["is-being-started", "changed", "is-being-started"],
  start: ["was-started", "was-started", "was-started"],
  die: ["changed", "ends", "ends"],
  "kill 9": ["got-a-signal", "ends", "ends"],
  "kill 15": ["got-a-signal", "ends", "ends"],
  "kill 3": ["got-a-signal", "ends", "ends"],
  "kill 1": ["got-a-signal", "got-a-signal", "got-a-signal"],
  kill: ["changed", "changed", "changed"],
  stop: ["changed", "changed", "changed"],
  disconnect: ["lost-an-address", "lost-an-address", "is-ending"],
  destroy: ["was-removed", "was-removed", "was-removed"],
  pause: ["changed", "changed", "is-ending"],
  unpause: ["changed", "changed", "is-ending"],
  rename: ["changed", "changed", "is-ending"],
  restart: ["changed", "changed", "is-ending"],
  update: ["changed", "changed", "is-ending"],
  "health_status: healthy": ["changed", "changed", "is-ending"],
};

/** Podman's names are translated when an event is decoded. */
const PODMANS = ["died", "cleanup", "remove"];

function eventOf(name: string): ContainerEvent {
  const [action = "", killedBy] = name.startsWith("kill") ? name.split(" ") : [name];
  return { id: web.id, action, killedBy, at: undefined, network: undefined };
}

for (const [name, meanings] of Object.entries(MEANINGS)) {
  Deno.test(`the event "${name}" means ${meanings.join(", ")}`, () => {
    const [none, known] = [new Map(), new Map([[web.id, web]])];
    const situations = [
      { containers: none, stopping: none },
      { containers: known, stopping: none },
      { containers: known, stopping: new Map([[web.id, 0]]) },
    ];
    assert.deepEqual(situations.map((situation) => meaningOf(eventOf(name), situation)), meanings);
  });
}

Deno.test("every event that is asked for has a meaning here", () => {
  const told = new Set(Object.keys(MEANINGS).map((name) => name.split(/[ :]/)[0]));
  assert.deepEqual(ACTIONS.filter((action) => !told.has(action) && !PODMANS.includes(action)), []);
});
