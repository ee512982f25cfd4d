/** The rows of the live picture, as the page and `top` show them: searched, sorted, in words. */
import assert from "node:assert/strict";
import { rowsOf, shareOf, type Sort, statesInWords } from "../../../lib/core/status/live_rows.ts";
import { emptyLiveState, hear, type LiveState } from "../../../lib/core/status/live_state.ts";
import type { Load } from "../../../lib/core/status/loads.ts";
import type { PictureServer } from "../../../lib/core/status/picture.ts";

const server = (container: string, state: PictureServer["state"] = "ready", weight = 1): PictureServer => ({
  container,
  address: "172.17.0.2:80",
  state,
  why: undefined,
  name: `${container}:80`,
  id: container,
  weight,
});

function stateOf(
  backends: Readonly<Record<string, readonly PictureServer[]>>,
  loads: Readonly<Record<string, Load>> = {},
): LiveState {
  const state = emptyLiveState();
  const names = Object.keys(backends);
  hear(state, "picture", {
    routes: [
      ...names.map((name) => ({ key: `${name}/`, name, host: name, path: "", backend: name })),
      { key: "old/", name: "old", host: "old", path: "", backend: names[0] ?? "", to: "new (301)" },
    ],
    backends: names.map((name) => ({
      name,
      balance: "roundrobin",
      guards: ["ssl_only"],
      servers: backends[name] ?? [],
    })),
    containers: [{ id: "a", name: "a", image: "nginx:1.27", labels: ["interlock.port=8080"] }],
    leftOut: [],
    notices: [],
  });
  hear(state, "loads", {
    at: "",
    seconds: 2,
    clients: [0, 0, 0, 0, 0, 0],
    backends: Object.fromEntries(Object.entries(loads).map(([name, load]) => [name, [load, {}] as const])),
  });
  return state;
}

const namesBy = (state: LiveState, sort: Sort, isReversed = false, search = "") =>
  rowsOf(state, { sort, isReversed, search }).map(({ route }) => route.name);

Deno.test("rows are sorted by what is asked for, the most first, and turned round", () => {
  const state = stateOf(
    {
      slow: [server("a")],
      busy: [server("b")],
      wrong: [server("c", "down"), server("d")],
      gone: [server("e", "down")],
    },
    { slow: [1, 0, 900, 901, 2, 0], busy: [50, 0, 3, 4, 1, 0], wrong: [2, 1.5, 5, 6, 9, 0] },
  );
  assert.deepEqual(namesBy(state, "name"), ["busy", "gone", "old", "slow", "wrong"]);
  assert.deepEqual(namesBy(state, "name", true), ["wrong", "slow", "old", "gone", "busy"]);
  assert.equal(namesBy(state, "requests")[0], "busy");
  assert.equal(namesBy(state, "errors")[0], "wrong");
  assert.equal(namesBy(state, "latency")[0], "slow");
  assert.equal(namesBy(state, "sessions")[0], "wrong");
  assert.deepEqual(namesBy(state, "state").slice(0, 2), ["gone", "wrong"]);
});

Deno.test("each word of a search is looked for in hosts, containers, images, labels, guards and states", () => {
  const state = stateOf({ "shop.example": [server("a")], "blog.example": [server("b", "down")] });
  const found = (search: string) => namesBy(state, "name", false, search);
  assert.deepEqual(found("SHOP"), ["shop.example"]);
  assert.deepEqual(found("nginx 8080"), ["shop.example"]);
  assert.deepEqual(found("down"), ["blog.example"]);
  assert.deepEqual(found("example ssl_only"), ["blog.example", "shop.example"]);
  assert.deepEqual(found("(301)"), ["old"]);
  assert.deepEqual(found("nginx blog"), []);
  // Once the container is another one, so is what is found.
  hear(state, "change", {
    backends: {
      put: [{ ...stateOf({ "shop.example": [server("z")] }).lists.backends.get("shop.example")! }],
      drop: [],
    },
  });
  assert.deepEqual(found("nginx"), []);
});

Deno.test("what is redirected has neither servers nor figures of its own", () => {
  const state = stateOf({ shop: [server("a")] }, { shop: [1, 0, 0, 0, 0, 0] });
  const row = rowsOf(state, { sort: "name", isReversed: false, search: "301" })[0] ?? assert.fail();
  assert.deepEqual([row.servers, row.load, statesInWords(row)], [[], undefined, "redirect"]);
});

Deno.test("states are counted in words, and shares are of those that are ready", () => {
  const servers = [server("a"), server("b", "ready", 3), server("c", "down")];
  const [row] = rowsOf(stateOf({ shop: servers }), { sort: "name", isReversed: true, search: "" });
  assert.equal(row && statesInWords(row), "2 ready, 1 down");
  assert.deepEqual(servers.map((each) => shareOf(each, servers)), [25, 75, 0]);
});

Deno.test("a reader keeps the last 500 events, each once, and hears messages of a younger signalbox without harm", () => {
  const state = stateOf({});
  const event = (
    id: number,
  ) => ({ id, at: "", event: "in-step", level: "info", text: `${id}`, fields: {} } as const);
  hear(state, "told", Array.from({ length: 400 }, (_, at) => event(at + 1)));
  hear(state, "told", Array.from({ length: 300 }, (_, at) => event(at + 301)));
  assert.deepEqual([state.events.length, state.events[0]?.id, state.events.at(-1)?.id], [500, 101, 600]);
  hear(state, "younger" as "beat", null);
});
