/** What `signalbox top` draws and prints, and what its keys do: lines of text from a live state. */
import assert from "node:assert/strict";
import { emptyLiveState, hear, type LiveState } from "../../../lib/core/status/live_state.ts";
import type { Load, SectionLoad } from "../../../lib/core/status/loads.ts";
import { cell, columnsOf, cut } from "../../../lib/core/status/top/cell.ts";
import { paint } from "../../../lib/core/status/top/line.ts";
import { printTop, topDocument } from "../../../lib/core/status/top/print.ts";
import { type Size, topScreen } from "../../../lib/core/status/top/screen.ts";
import { FIRST_VIEW, KEYS, keysOf, press, type TopView } from "../../../lib/core/status/top/view.ts";
import { factsOf } from "../../../lib/core/status/status.ts";
import { statusOf } from "../../report/statuses.ts";
import { loopStateOf } from "../../report/loop_states.ts";
import { container } from "../containers.ts";

const SIZE: Size = { columns: 80, rows: 24 };
const LIVE = { kind: "live" } as const;

function stateOf(names: readonly string[], word = ""): LiveState {
  const state = emptyLiveState();
  hear(state, "picture", {
    routes: names.map((name) => ({
      key: `${name}/`,
      name: name + word,
      host: name,
      path: "",
      backend: name,
    })),
    backends: names.map((name, at) => ({
      name,
      balance: "roundrobin",
      guards: [],
      servers: [{
        container: `c-${name}${word}`,
        address: "172.17.0.2:80",
        state: at % 2 === 0 ? "ready" as const : "waiting" as const,
        why: at % 2 === 0 ? undefined : `refused${word}`,
        name: `${name}:80`,
        id: name,
        weight: 1,
      }],
    })),
    containers: [],
    leftOut: [{ key: "x 1", container: `typo${word}`, why: `no host${word}` }],
    notices: [],
  });
  const { haproxy, ...facts } = factsOf(statusOf(), loopStateOf([container("web")]), statusOf().haproxy);
  hear(state, "facts", facts);
  hear(state, "haproxy", haproxy);
  hear(state, "loads", {
    at: "2026-11-29T20:00:02.000Z",
    seconds: 2,
    clients: [12.5, 0.5, 3, 4, 7, 0],
    backends: Object.fromEntries(names.map((name, at): readonly [string, SectionLoad] => {
      const load: Load = [at, at === 2 ? 0.5 : 0, 10 + at, 20, at, at === 1 ? 4 : 0];
      return [name, [load, { [`${name}:80`]: [at, 0, 1, 2, 3, 0] }]];
    })),
    percentiles: Object.fromEntries(names.map((name, at) => [name, [at, at * 10] as const])),
  });
  hear(state, "told", [{
    id: 1,
    at: "2026-11-29T20:00:01.000Z",
    event: "changed",
    level: "info",
    text: `added a server${word}`,
    fields: { sinceEventMs: 31.5 },
  }]);
  return state;
}

const drawn = (state: LiveState, view: Partial<TopView> = {}, size = SIZE) =>
  topScreen(state, { ...FIRST_VIEW, ...view }, size, LIVE).lines.map((line) => paint(line, false));

Deno.test("the screen of top at 80 x 24", () => {
  const lines = drawn(stateOf(["a.example", "b.example", "c.example"]));
  assert.equal(lines.length, 24);
  assert.match(lines[0] ?? "", /^signalbox \S+ {2}in step {2}HAProxy \S+ +live$/);
  assert.equal(lines[2], "12.5 requests/s  0.5 errors/s  7 sessions  1 not served");
  assert.deepEqual(lines.slice(3, 7), [
    "ROUTE                                    STATE  REQ/Sv  ERR/S  P50/P95 MS   SESS",
    "c.example                              1 ready       2    0.5        2/20      2",
    "b.example                          0/1 waiting       1      0        1/10    1+4",
    "a.example                              1 ready       0      0         0/0      0",
  ]);
  assert.deepEqual(lines.slice(19).map((line) => line.trimEnd()), [
    "20:00:01 added a server (31.5 ms)",
    "",
    "",
    "",
    "3 routes                q quit  h help  / filter  n t r e l s sort  c containers",
  ]);
});

Deno.test("no size has more lines than it has rows, or a line that is longer than it is wide", () => {
  const state = stateOf(Array.from({ length: 50 }, (_, at) => `host-${at}.a-rather-long-domain.example`));
  for (const columns of [1, 7, 20, 33, 40, 60, 80, 132, 300]) {
    for (const rows of [1, 2, 5, 15, 16, 24, 60]) {
      for (
        const view of [{}, { isOpen: true }, { isHelp: true }, { typed: "x".repeat(100) }, { offset: 1e9 }]
      ) {
        const lines = drawn(state, view, { columns, rows });
        assert.ok(lines.length <= rows, `${columns} x ${rows}`);
        const long = lines.filter((line) => columnsOf(line) > columns);
        assert.deepEqual(long, [], `${columns} x ${rows}`);
      }
    }
  }
});

Deno.test("names of hosts and containers move no cursor and colour nothing, on the screen and in prints", () => {
  const word = "\x1b[2J\x1b]0;x\x07\u202eevil\r\n\u009b31m";
  const state = stateOf(["a.example", "b.example"], word);
  const document = JSON.stringify(topDocument(state, { search: "", sort: "name", isReversed: false }));
  const shown = [...drawn(state, { isOpen: true }), ...drawn(state, { typed: word })].join("\n");
  const printed = printTop(state, { search: "", sort: "name", isReversed: false });
  for (const text of [shown, printed]) {
    assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
    assert.match(text, /\\u001b\[2J/);
  }
  assert.ok(document.includes("typo"));
  // What is coloured is coloured by us alone.
  const coloured = topScreen(state, { ...FIRST_VIEW, isOpen: true }, SIZE, LIVE).lines.map((line) =>
    paint(line, true)
  );
  // deno-lint-ignore no-control-regex
  assert.deepEqual([...coloured.join("").matchAll(/\x1b(?!\[(?:0|2|7|31|32|33)m)/g)], []);
});

Deno.test("what is cut off is told, in columns that characters take", () => {
  assert.deepEqual([cut("abcdef", 4), cut("abcd", 4), cut("abc", 0)], ["abc…", "abcd", ""]);
  assert.deepEqual([columnsOf("日本"), cut("日本語", 5), cell("日", 4, "right")], [4, "日本…", "  日"]);
  assert.equal(columnsOf("e\u0301"), 1);
});

Deno.test("keys of a terminal are read, several at once and of any kind", () => {
  assert.deepEqual(keysOf("q\x1b[A\x1bOB\x1b[6~j\x03\x7f\ré"), [
    ..."q",
    "up",
    "down",
    "page-down",
    "j",
    "ctrl-c",
    "backspace",
    "enter",
    "é",
  ]);
  // A key that nobody knows, and a mouse, type no letters.
  assert.deepEqual(keysOf("\x1b[15;2~\x1b[<0;1;2M\x1b"), ["unknown", "unknown", "escape"]);
});

Deno.test("keys sort, scroll, filter, open and quit", () => {
  const scroll = { page: 10, end: 25 };
  const after = (...keys: readonly string[]) =>
    keys.reduce<TopView | undefined>((view, key) => view && press(view, key, scroll), FIRST_VIEW);
  assert.deepEqual([after("q"), after("ctrl-c"), after("/", "q", "ctrl-c")], [
    undefined,
    undefined,
    undefined,
  ]);
  assert.equal(after("e")?.sort, "errors");
  assert.deepEqual([after("e")?.isReversed, after("e", "e")?.isReversed, after("r")?.isReversed], [
    false,
    true,
    true,
  ]);
  assert.deepEqual(
    [
      after("down", "j")?.offset,
      after("end", "up")?.offset,
      after("page-down", "page-down", "page-down")?.offset,
    ],
    [2, 24, 25],
  );
  assert.deepEqual([after("up")?.offset, after("end", "home")?.offset], [0, 0]);
  const typing = after("/", "q", "w", "backspace");
  assert.deepEqual([typing?.typed, typing?.filter], ["q", ""]);
  assert.equal(after("/", "q", "enter")?.filter, "q");
  assert.equal(after("/", "q", "escape")?.filter, "");
  assert.equal(after("/", "q", "enter", "escape")?.filter, "");
  assert.equal(after("/", "q", "enter", "/", "ctrl-u", "w", "enter")?.filter, "w");
  assert.deepEqual(after("unknown", "Z"), FIRST_VIEW);
  assert.deepEqual([after("c")?.isOpen, after("h")?.isHelp, after("h", "escape")?.isHelp], [
    true,
    true,
    false,
  ]);
  const names = KEYS.flatMap(({ keys }) => keys);
  assert.deepEqual(names, [...new Set(names)], "no key has two meanings");
});

Deno.test("a list that became shorter is scrolled back, and a filter shows what it finds while it is typed", () => {
  const names = Array.from({ length: 50 }, (_, at) => `host-${at}.example`);
  const state = stateOf(names);
  const { scroll } = topScreen(state, FIRST_VIEW, SIZE, LIVE);
  assert.equal(scroll.end, 50 - scroll.page);
  const one = drawn(state, { typed: "host-7.", offset: 40 });
  assert.match(one[4] ?? "", /^host-7\.example/);
  assert.match(one.at(-1) ?? "", /^filter: host-7\._/);
  assert.match(drawn(state, { filter: "nowhere" })[4] ?? "", /^nothing has all of these words/);
});

Deno.test("a cut, a trouble and a source that is away stand above the list", () => {
  const state = stateOf(["a.example"]);
  state.facts = {
    ...state.facts ?? assert.fail(),
    trouble: "the new config failed",
    sources: [{ name: "tcp://far", isConnected: false, detail: "refused", containers: 0 }],
  };
  const frame = topScreen(state, FIRST_VIEW, SIZE, { kind: "cut", since: "20:00:00" });
  const lines = frame.lines.map((line) => paint(line, false));
  assert.match(lines[0] ?? "", /NOT IN STEP.* cut off$/);
  assert.deepEqual(lines.slice(3, 5), [
    "what you see is from 20:00:00 UTC: signalbox does not answer",
    "not in step: the new config failed",
  ]);
  assert.match(
    printTop(state, { search: "", sort: "name", isReversed: false }),
    /\ntcp:\/\/far is not connected: refused\n/,
  );
});

Deno.test("a print has every route, however long its name, and the document a name for each figure", () => {
  const names = Array.from({ length: 40 }, (_, at) => `host-${at}.${"long-".repeat(12)}example`);
  const state = stateOf(names);
  const wanted = { search: "", sort: "name", isReversed: false } as const;
  const printed = printTop(state, wanted);
  for (const name of names) assert.ok(printed.includes(`\n${name} `), name);
  assert.match(
    printed,
    /\nlast changes:\n {2}2026-11-29T20:00:01.000Z info {2}added a server \(31.5 ms\)\n$/,
  );
  const { routes } = topDocument(state, { ...wanted, search: "host-3." }) as { routes: readonly unknown[] };
  assert.deepEqual(routes, [{
    route: names[3],
    host: names[3],
    path: "",
    redirectsTo: undefined,
    guards: [],
    requestsPerSecond: 3,
    errorsPerSecond: 0,
    answerMs: 13,
    totalMs: 20,
    sessions: 3,
    queued: 0,
    p50Ms: 3,
    p95Ms: 30,
    servers: [{
      container: `c-${names[3]}`,
      id: names[3],
      address: "172.17.0.2:80",
      state: "waiting",
      why: "refused",
      sharePercent: 0,
      requestsPerSecond: 3,
      errorsPerSecond: 0,
      answerMs: 1,
      totalMs: 2,
      sessions: 3,
      queued: 0,
    }],
  }]);
});
