/** Where HAProxy cannot have all servers: who gets one. */
import assert from "node:assert/strict";
import { buildModel } from "../../../lib/core/model/build_model.ts";
import { verdictsOf } from "../../../lib/core/model/verdict.ts";
import { emptySnapshot } from "../../../lib/core/snapshot/snapshot.ts";
import type { ContainerView } from "../../../lib/core/snapshot/snapshot.ts";
import { container, SETTINGS } from "../containers.ts";

function build(servers: number, ...containers: readonly ContainerView[]) {
  const machine = { addresses: new Set<string>(), serverLimit: { servers, descriptors: 1_024 } };
  return buildModel({ ...emptySnapshot, containers }, SETTINGS, machine);
}

/** The containers of each route, and those that were told that they have no server. */
function outcomeOf(servers: number, ...containers: readonly ContainerView[]) {
  const { model, notices } = build(servers, ...containers);
  const told = notices.filter(({ severity, code }) => severity === "warning" && code === "server-limit");
  return {
    served: Object.fromEntries(
      model.backends.map(({ host, servers }) => [host, servers.map(({ containerName }) => containerName)]),
    ),
    leftOut: told.map(({ subject }) => subject),
  };
}

const on = (host: string, createdAt: number, data: Readonly<Record<string, unknown>> = {}) => ({
  createdAt,
  interlockData: JSON.stringify({ hostname: host, ...data }),
});

Deno.test("the oldest containers have the servers that there can be, and the others are told", () => {
  const [old, middle, young] = [1, 2, 3].map((age) => container(`c${age}`, on(`h${age}.com`, age)));
  assert.ok(old && middle && young);
  const all = [young, old, middle];
  assert.deepEqual(outcomeOf(3, ...all).leftOut, []);
  assert.deepEqual(outcomeOf(2, ...all), {
    served: { "h1.com": ["c1"], "h2.com": ["c2"] },
    leftOut: ["c3"],
  });
  assert.deepEqual(outcomeOf(0, ...all), { served: {}, leftOut: ["c1", "c2", "c3"] });
});

Deno.test("each route has a server before one has a second, whoever is older", () => {
  const replicas = [1, 2, 3].map((age) => container(`r${age}`, on("many.com", age)));
  const late = container("late", on("late.com", 9));
  assert.deepEqual(outcomeOf(2, ...replicas, late), {
    served: { "late.com": ["late"], "many.com": ["r1"] },
    leftOut: ["r2", "r3"],
  });
  assert.deepEqual(outcomeOf(3, ...replicas, late).leftOut, ["r3"]);
});

Deno.test("a container with many routes takes the place of no other", () => {
  const routes = Array.from({ length: 60 }, (_, at) => ({ hostname: `g${at}.com` }));
  const greedy = container("greedy", { createdAt: 1, interlockData: JSON.stringify(routes) });
  const others = [2, 3, 4].map((age) => container(`c${age}`, on(`h${age}.com`, age)));
  const { served } = outcomeOf(5, greedy, ...others);
  assert.deepEqual(Object.keys(served).sort(), ["g0.com", "g1.com", "h2.com", "h3.com", "h4.com"]);
});

Deno.test("a host whose owner is left out does not let one more in", () => {
  const first = container("first", on("a.com", 1));
  const second = container("second", on("a.com", 2, { alias_domains: ["b.com"] }));
  const third = container("third", on("b.com", 3));
  // The second has the alias, which keeps the third out; without a place for the second, the third has none either.
  assert.deepEqual(outcomeOf(2, first, second, third).served, { "a.com": ["first", "second"] });
  assert.deepEqual(outcomeOf(1, first, second, third), {
    served: { "a.com": ["first"] },
    leftOut: ["second", "third"],
  });
});

Deno.test("explain tells why a container has no server", () => {
  const built = build(1, container("c1", on("h1.com", 1)), container("c2", on("h2.com", 2)));
  const [kept, leftOut] = verdictsOf(built);
  assert.equal(kept?.why, undefined);
  assert.equal(leftOut?.wanted, "h2.com");
  assert.match(leftOut?.why ?? "", /1024 descriptors.*1 server/);
});

Deno.test("a guard of a container that has no server for want of room holds for its route, and for its place", () => {
  const guarded = { allow_from: ["10.0.0.0/8"] };
  const open = container("open", on("a.com", 1));
  const closed = container("closed", on("a.com", 2, guarded));
  const others = [3, 4].map((age) => container(`c${age}`, on(`h${age}.com`, age)));
  for (const servers of [3, 4]) {
    const { model } = build(servers, open, closed, ...others);
    const served = model.backends.find(({ host }) => host === "a.com");
    assert.equal(served?.servers.length, servers - 2);
    assert.equal(served?.options.allow_from?.length, 1, `${servers} servers`);
  }
  const both = [{ hostname: "b.com" }, { hostname: "b.com", context_root: "/admin", ...guarded }];
  const one = container("one", { createdAt: 1, interlockData: JSON.stringify(both) });
  const { model } = build(1, one);
  assert.deepEqual(model.backends.map(({ name }) => name), ["b.com"]);
  assert.deepEqual(model.routes.map(({ key, guard }) => [key, guard?.name]), [
    ["b.com/", undefined],
    ["b.com/admin/", "b.com:admin"],
  ]);
});
