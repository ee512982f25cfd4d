/** The live picture as it is told: to whom, what, and that nobody is asked while nobody looks. */
import assert from "node:assert/strict";
import type { Statistics } from "../../lib/core/runtime/statistics.ts";
import { History } from "../../lib/core/status/history.ts";
import { emptyLiveState, hear, type LiveState } from "../../lib/core/status/live_state.ts";
import { putIntoWords } from "../../lib/core/status/put_into_words.ts";
import { factsOf, type LoopState } from "../../lib/core/status/status.ts";
import { type LiveParts, LiveView } from "../../lib/report/live_view.ts";
import { container, network } from "../core/containers.ts";
import { eventually } from "../harness/eventually.ts";
import { HandClock } from "../harness/hand_clock.ts";
import { loopStateOf } from "./loop_states.ts";
import { statusOf } from "./statuses.ts";

type Message = { readonly name: string; readonly id: number | undefined; readonly data: unknown };

function messageOf(text: string): Message {
  const lines = new Map(
    text.trimEnd().split("\n").map((line) => {
      const colon = line.indexOf(": ");
      return [line.slice(0, colon), line.slice(colon + 2)] as const;
    }),
  );
  const id = lines.get("id");
  return {
    name: lines.get("event") ?? "",
    id: id === undefined ? undefined : Number(id),
    data: JSON.parse(lines.get("data") ?? "null"),
  };
}

/** A reader that keeps what it hears. */
class Reader {
  readonly messages: Message[] = [];
  readonly state: LiveState = emptyLiveState();
  readonly hear = (text: string): void => {
    const message = messageOf(text);
    this.messages.push(message);
    hear(this.state, message.name as "beat", message.data as null);
  };
  of(name: string): readonly Message[] {
    return this.messages.filter((message) => message.name === name);
  }
}

function stage(given: Partial<LiveParts> = {}) {
  const clock = new HandClock();
  const history = new History();
  const world = { asked: 0, requests: 0, state: loopStateOf([container("web")]) as LoopState, status: "UP" };
  const { name = "" } = world.state.model?.backends[0]?.servers[0] ?? {};
  const live = new LiveView({
    clock,
    history,
    state: () => world.state,
    facts: () => Promise.resolve(factsOf(statusOf(), world.state, statusOf().haproxy)),
    bindings: () => new Map(),
    prefix: undefined,
    statistics: () => {
      world.asked++;
      const counters = { requests: world.requests, errors: 0, sessions: 0, queued: 0, bytesOut: 0 };
      const own = { ...counters, answerMs: 4, totalMs: 9 };
      const statistics: Statistics = {
        clients: own,
        sections: new Map([[
          "web.example.com",
          { ...own, servers: new Map([[name, { ...own, status: world.status }]]) },
        ]]),
      };
      return Promise.resolve(statistics);
    },
    ...given,
  });
  const tell = (detail: string) => history.note(putIntoWords({ kind: "drifted", detail }), clock.date());
  return { clock, history, world, live, tell };
}

/** Lets time pass, again and again, until it holds. */
const inTime = (clock: HandClock, condition: () => boolean, what: string) =>
  eventually(() => {
    clock.pass(2_000);
    return condition();
  }, { what });

const hasCounted = (world: { asked: number }, times: number) =>
  eventually(() => world.asked === times, { what: `HAProxy to be asked ${times} times` });

Deno.test("HAProxy is asked while somebody looks, and no timer runs while nobody does", async () => {
  const { clock, world, live, tell } = stage();
  tell("before");
  live.publish();
  clock.pass(60_000);
  assert.deepEqual([world.asked, clock.waiting], [0, 0]);

  const reader = new Reader();
  const leave = live.join(reader, undefined) ?? assert.fail();
  await hasCounted(world, 1);
  await eventually(() => reader.state.haproxy?.version === "2.6.12", { what: "the facts to come" });
  world.requests = 30;
  clock.pass(1_000);
  await hasCounted(world, 2);
  await eventually(() => reader.state.loads?.clients[0] === 30, { what: "the figures to come" });
  assert.equal(reader.state.loads?.backends["web.example.com"]?.[0][2], 4);

  leave();
  clock.pass(60_000);
  await eventually(() => clock.waiting === 0, { what: "the timers to end" });
  assert.equal(world.asked, 2);
});

Deno.test("a look that takes long is followed by a long pause, of ten seconds at most", async () => {
  const none = { requests: 0, errors: 0, sessions: 0, queued: 0, bytesOut: 0, answerMs: 0, totalMs: 0 };
  const answers: (() => void)[] = [];
  const { clock, live } = stage({
    statistics: () =>
      new Promise((resolve) => answers.push(() => resolve({ clients: none, sections: new Map() }))),
  });
  const reader = new Reader();
  const leave = live.join(reader, undefined) ?? assert.fail();
  const pauseAfter = async (tookMs: number) => {
    const looks = answers.length;
    const told = reader.of("haproxy").length;
    clock.pass(tookMs);
    answers.at(-1)?.();
    await eventually(() => reader.of("haproxy").length > told, { what: "the look to end" });
    let pausedMs = 0;
    await eventually(() => {
      if (answers.length > looks) return true;
      clock.pass(500);
      pausedMs += 500;
      return false;
    }, { what: "the next look", everyMs: 1 });
    return pausedMs;
  };
  await eventually(() => answers.length === 1, { what: "the first look" });
  const pauses = [await pauseAfter(0), await pauseAfter(0), await pauseAfter(100), await pauseAfter(60_000)];
  // The clock goes on once more before the look is seen.
  const wanted = [1_000, 2_000, 5_000, 10_000];
  assert.ok(
    pauses.every((ms, at) => ms >= (wanted[at] ?? 0) && ms <= (wanted[at] ?? 0) + 1_000),
    `${pauses}`,
  );
  leave();
});

Deno.test("who comes hears everything, and after it what changes alone", async () => {
  const { clock, world, live } = stage();
  const reader = new Reader();
  const leave = live.join(reader, undefined) ?? assert.fail();
  assert.deepEqual([...reader.state.lists.routes.keys()], ["web.example.com/"]);
  await eventually(() => reader.of("facts").length === 1, { what: "the facts to come" });
  world.state = loopStateOf([
    container("web"),
    container("new", { networks: [network("bridge", "172.17.0.3")] }),
  ]);
  live.publish();
  live.publish();
  clock.pass(50);
  // The first of them brought what a search goes by.
  assert.equal(reader.of("change").length, 2);
  assert.deepEqual([...reader.state.lists.routes.keys()].sort(), ["new.example.com/", "web.example.com/"]);
  assert.equal(reader.of("picture").length, 1);
  leave();
});

Deno.test("of thousands of routes, who comes hears the first ones by name before anything else", () => {
  const { clock, live, tell, world } = stage();
  const some = Array.from(
    { length: 3_000 },
    (_, at) =>
      container(`web${at}`, {
        networks: [network("bridge", `172.${17 + (at >> 14)}.${at >> 8}.${at & 255}`)],
      }),
  );
  world.state = loopStateOf(some);
  const reader = new Reader();
  const leave = live.join(reader, undefined) ?? assert.fail();
  assert.deepEqual(reader.messages.map(({ name }) => name), ["first"]);
  assert.equal(reader.state.routesToCome, 3_000);
  const sorted = some.map(({ name }) => `${name}.example.com/`).sort();
  assert.deepEqual([...reader.state.lists.routes.keys()], sorted.slice(0, 60));
  assert.equal(reader.state.lists.backends.size, 60);
  // What happens before the picture is there is told with it, once.
  tell("meanwhile");
  live.publish();
  assert.equal(reader.messages.length, 1);
  clock.pass(50);
  assert.equal(reader.messages[1]?.name, "picture");
  assert.deepEqual([...reader.state.lists.routes.keys()].sort(), sorted);
  assert.equal(reader.state.routesToCome, undefined);
  assert.equal(reader.state.events.length, 1);
  // Who was cut off goes on seeing all of it.
  hear(reader.state, "first", { routes: [], backends: [], routesInAll: 7 });
  assert.equal(reader.state.routesToCome, undefined);
  leave();
});

Deno.test("who goes before the picture is drawn is told nothing more", async () => {
  const { clock, live, world } = stage();
  world.state = loopStateOf(
    Array.from(
      { length: 100 },
      (_, at) => container(`web${at}`, { networks: [network("bridge", `172.17.0.${at + 2}`)] }),
    ),
  );
  const reader = new Reader();
  live.join(reader, undefined)?.();
  clock.pass(60_000);
  await eventually(() => clock.waiting === 0, { what: "the timers to end" });
  assert.deepEqual(reader.messages.map(({ name }) => name), ["first"]);
});

Deno.test("a server whose check fails is told as down, and one that others took out until the next pass", async () => {
  const { clock, world, live } = stage();
  const reader = new Reader();
  const leave = live.join(reader, undefined) ?? assert.fail();
  const server = () => [...reader.state.lists.backends.values()][0]?.servers[0];
  const stateOf = () => server()?.state;
  const whyOf = () => server()?.why ?? "";
  world.status = "DOWN 1/2";
  await inTime(clock, () => stateOf() === "down", "the server to be down");
  world.status = "MAINT";
  await inTime(clock, () => stateOf() === "down" && whyOf().includes("somebody"), "somebody to be blamed");
  // A pass may have let it go since HAProxy was asked.
  live.publish();
  clock.pass(50);
  assert.equal(stateOf(), "ready");
  leave();
});

Deno.test("events are told as they happen, each with its id, and who was cut off hears what it has missed", () => {
  const { live, tell } = stage();
  tell("early");
  const first = new Reader();
  const leave = live.join(first, undefined) ?? assert.fail();
  tell("one");
  assert.deepEqual(first.of("told").length, 2);
  const lastId = first.messages.at(-1)?.id;
  leave();
  tell("two");
  tell("three");
  const second = new Reader();
  const leaveAgain = live.join(second, lastId) ?? assert.fail();
  assert.deepEqual(second.state.events.map(({ fields }) => fields["detail"]), ["two", "three"]);
  assert.equal(second.of("gap").length, 0);
  leaveAgain();
  for (let count = 0; count < 600; count++) tell(`${count}`);
  const third = new Reader();
  live.join(third, lastId)?.();
  assert.equal(third.state.hasGap, true);
  assert.equal(third.state.events.length, 500);
});

Deno.test("where nothing happens, readers hear that the connection lives", async () => {
  const { clock, live } = stage({ facts: () => new Promise(() => undefined) });
  const reader = new Reader();
  const leave = live.join(reader, undefined) ?? assert.fail();
  await eventually(() => clock.waiting > 0, { what: "the timer" });
  const before = reader.messages.length;
  clock.pass(5_000);
  clock.pass(5_000);
  assert.ok(reader.messages.length >= before + 2);
  assert.equal(reader.messages.at(-1)?.name, "beat");
  leave();
});

Deno.test("so many may look at once, and no more", () => {
  const { live } = stage();
  const leaves = Array.from({ length: 24 }, () => live.join(new Reader(), undefined));
  assert.ok(leaves.every((leave) => leave !== undefined));
  assert.equal(live.join(new Reader(), undefined), undefined);
  leaves[0]?.();
  assert.notEqual(live.join(new Reader(), undefined), undefined);
});

Deno.test("an HAProxy that tells no counters is told as such, and one that does not answer too", async () => {
  const none = new Reader();
  stage({ statistics: undefined }).live.join(none, undefined);
  assert.equal(none.state.loads, null);

  const { clock, world, live } = stage({ statistics: () => Promise.reject(new Error("no socket")) });
  const reader = new Reader();
  live.join(reader, undefined);
  await eventually(() => reader.state.loads === null, { what: "to be told that there are none" });
  world.state = { ...world.state, trouble: "HAProxy does not start" };
  await inTime(clock, () => reader.state.facts?.trouble !== undefined, "the trouble to be told");
});

Deno.test("the access log is heard while somebody looks", async () => {
  const ears: ((lines: readonly string[]) => void)[] = [];
  const { clock, live } = stage({
    followRequests: (hear) => {
      ears.push(hear);
      return () => void ears.pop();
    },
  });
  assert.equal(ears.length, 0);
  const reader = new Reader();
  const leave = live.join(reader, undefined) ?? assert.fail();
  ears[0]?.([
    "10.0.0.7:54212 [28/Nov/2026:21:29:03.543] _web web.example.com/web:4b5e57f6eb2f:80 5/0/1/9/99 200 209 - - ---- " +
    '1/1/0/0/0 0/0 {web.example.com|-} "GET / HTTP/1.1"',
  ]);
  const p95 = () => reader.state.loads?.percentiles?.["web.example.com"]?.[1];
  await inTime(clock, () => p95() === 10, "percentiles");
  leave();
  assert.equal(ears.length, 0);
});
