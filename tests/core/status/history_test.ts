/** The events that are kept: their ids, what a reader has missed, and what an earlier signalbox left. */
import assert from "node:assert/strict";
import { formatEvents, parseSince } from "../../../lib/core/status/event_lines.ts";
import { History, type KeptEvent } from "../../../lib/core/status/history.ts";
import { putIntoWords } from "../../../lib/core/status/put_into_words.ts";

const drifted = (detail: string) => putIntoWords({ kind: "drifted", detail });

function noted(count: number, at = 1_000, history = new History()): History {
  for (let turn = 0; turn < count; turn++) history.note(drifted(`${turn}`), new Date(at));
  return history;
}
const idsOf = (events: readonly KeptEvent[]) => events.map(({ id }) => id);

Deno.test("ids grow, by the clock where it goes on and by one where it stands still or goes back", () => {
  const history = new History();
  for (const at of [5_000, 5_000, 4_000, 9_000]) history.note(drifted("x"), new Date(at));
  assert.deepEqual(idsOf(history.since(0).events), [5_000, 5_001, 5_002, 9_000]);
});

Deno.test("a reader gets what came after the event that it knows, and is told where some of that is gone", () => {
  const history = noted(600);
  const { events } = history.since(0);
  assert.equal(events.length, 500);
  assert.equal(history.since(0).isWhole, false);
  const [oldest] = idsOf(events);
  assert.ok(oldest !== undefined);
  assert.deepEqual(history.since(oldest - 1), { events, isWhole: true });
  assert.deepEqual(history.since(oldest), { events: events.slice(1), isWhole: true });
  assert.equal(history.since(oldest - 2).isWhole, false);
  // Of another state directory.
  assert.deepEqual(history.since(1e15), { events, isWhole: false });
  assert.deepEqual(history.since(events.at(-1)?.id ?? 0), { events: [], isWhole: true });
});

Deno.test("what an earlier signalbox left stands before our own, and is not in our status", () => {
  const earlier = noted(3, 2_000).since(0).events;
  const history = noted(2, 1_000);
  history.remember(earlier);
  const { events } = history.since(0);
  assert.deepEqual(idsOf(events), [2_000, 2_001, 2_002, 2_003, 2_004], "the clock was set back in between");
  assert.deepEqual(events.slice(0, 3), earlier);
  assert.equal(history.last.length, 2);
  assert.equal(history.counts["drifted"], 2);
  noted(499, 3_000, history);
  assert.equal(history.since(0).events.length, 500);
  assert.equal(history.last.length, 50);
});

Deno.test("more events than are kept leave their newest", () => {
  const earlier = noted(500, 1_000).since(0).events;
  const history = noted(10, 5_000);
  history.remember(earlier);
  assert.deepEqual(history.since(0).events.slice(0, 490), earlier.slice(10));
  assert.equal(history.since(1_008).isWhole, false);
  assert.equal(history.since(1_009).isWhole, true);
});

Deno.test("what one event keeps is bounded", () => {
  const history = new History();
  history.note(drifted("x".repeat(100_000)), new Date(0));
  const [event] = history.since(0).events;
  assert.ok((event?.text.length ?? 0) <= 1_001);
  assert.deepEqual(event?.fields, {});
});

Deno.test("followers hear each event until they stop", () => {
  const history = new History();
  const heard: string[] = [];
  const stop = history.follow(({ event }) => heard.push(event));
  history.note(drifted("x"), new Date(0));
  history.note(putIntoWords({ kind: "haproxy-printed", line: "x", level: "warn" }), new Date(0));
  stop();
  history.note(drifted("x"), new Date(0));
  assert.deepEqual(heard, ["drifted"]);
});

Deno.test("a line for people has the time, the level, the words and how long it took, and obeys nobody", () => {
  const event = {
    id: 1,
    at: "2026-11-28T17:11:55.358Z",
    event: "changed",
    level: "info",
    text: "changed HAProxy\u001b[2J",
    fields: { sinceEventMs: 37.3 },
  } as const;
  assert.equal(formatEvents([event]), "2026-11-28T17:11:55.358Z info  changed HAProxy\\u001b[2J (37.3 ms)\n");
});

Deno.test("--since takes a time ago or a date", () => {
  const now = Date.parse("2026-11-28T18:00:00Z");
  const since = (text: string) => {
    const read = parseSince(text, now);
    return read.ok ? new Date(read.value).toISOString() : read.expected;
  };
  assert.equal(since("90s"), "2026-11-28T17:58:30.000Z");
  assert.equal(since("10m"), "2026-11-28T17:50:00.000Z");
  assert.equal(since("2h"), "2026-11-28T16:00:00.000Z");
  assert.equal(since("3d"), "2026-11-25T18:00:00.000Z");
  assert.equal(since("2026-11-28T17:11Z"), "2026-11-28T17:11:00.000Z");
  for (const wrong of ["", "10", "ten", "1w", "-5m", "5 m"]) assert.match(since(wrong), /^a time such as/);
});
