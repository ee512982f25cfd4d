import assert from "node:assert/strict";
import { buildModel } from "../../../lib/core/model/build_model.ts";
import { renderDesired } from "../../../lib/core/config/render.ts";
import type { ContainerView } from "../../../lib/core/snapshot/snapshot.ts";
import { compileTemplates } from "../../../lib/core/config/templates.ts";
import { container, ip, port, published, SETTINGS, tcp } from "../containers.ts";
import { verdictsOf } from "../../../lib/core/model/verdict.ts";

const build = (...containers: readonly ContainerView[]) =>
  buildModel({ containers, stopping: new Set(), starting: new Set() }, SETTINGS);

const data = (value: unknown) => ({ interlockData: JSON.stringify(value) });

/** Small numbers from a seed, so that a failure can be repeated. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed;;) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    yield state >>> 8;
  }
}

function shuffle<T>(list: readonly T[], seed: number): T[] {
  const random = numbers(seed);
  const left = [...list];
  return list.map(() => left.splice(random.next().value % left.length, 1)[0] as T);
}

Deno.test("the same containers give the same bytes and notices in any order", () => {
  const templates = compileTemplates({});
  const containers = Array.from({ length: 12 }, (_, at) =>
    container(`web${at}`, {
      hostname: `host${at % 3}.example.com`,
      createdAt: at % 4,
      exposed: tcp(80, 81),
      ...data({ alias_domains: [`alias${at % 5}.com`], balance_algorithm: ["leastconn", "first"][at % 2] }),
    }));
  const say = (list: readonly ContainerView[]) => {
    const { model, notices } = build(...list);
    const { files } = renderDesired(model, templates, SETTINGS);
    return JSON.stringify([[...files], notices]);
  };
  const first = say(containers);
  for (let seed = 1; seed <= 50; seed++) assert.equal(say(shuffle(containers, seed)), first, `seed ${seed}`);
});

Deno.test("nothing that a container writes makes the model throw or costs another its route", () => {
  const good = container("good");
  const words = [
    "",
    "a b",
    "\n",
    "#",
    "*",
    "*.a",
    "__proto__",
    "\ud800",
    "x".repeat(300),
    "a.b",
    "$(x)",
    "\0",
    "[::1]",
  ];
  const random = numbers(42);
  const pick = <T>(list: readonly T[]) => list[random.next().value % list.length] as T;
  const value = (): unknown =>
    pick([pick(words), 5, -1, null, true, [pick(words), pick(words)], { a: pick(words) }]);
  const keys = [
    "hostname",
    "domain",
    "port",
    "alias_domains",
    "check",
    "backend_options",
    "context_root",
    "network",
  ];
  for (let round = 0; round < 500; round++) {
    const entry = Object.fromEntries(Array.from({ length: 4 }, () => [pick(keys), value()]));
    const evil = container("evil", {
      name: pick(words),
      hostname: pick(words),
      domainname: pick(words),
      networkMode: pick(["host", "container:", "container:x", ...words]),
      labels: { [`interlock.${pick(keys)}`]: pick(words), [`interlock.${pick(words)}.port`]: pick(words) },
      interlockData: pick([JSON.stringify(entry), JSON.stringify([entry, value()]), pick(words)]),
    });
    const { model } = build(evil, good);
    const names = model.backends.flatMap((
      backend,
    ) => [backend.name, ...backend.servers.map((server) => server.name)]);
    for (const name of names) assert.match(name, /^[A-Za-z0-9_.:-]+$/);
    assert.ok(model.backends.some((backend) => backend.host === "good.example.com"), JSON.stringify(evil));
  }
});

Deno.test("every route leads to a backend, and every backend has a server", () => {
  const { model } = build(
    container("a", data({ alias_domains: ["x.com", "y.com"] })),
    container("b", { hostname: "x.com" }),
    container("c", { hostname: "c.com", exposed: [] }),
  );
  const names = new Set(model.backends.map((backend) => backend.name));
  assert.deepEqual(model.routes.filter((route) => !names.has(route.backend)), []);
  assert.deepEqual(model.backends.filter((backend) => backend.servers.length === 0), []);
});

Deno.test("servers of one backend have names and numbers of their own", () => {
  const same = Array.from({ length: 20 }, () => ({ hostname: "www.example.com", port: 80 }));
  const { model } = build(container("a", data(same)), container("b", data(same)));
  const [backend] = model.backends;
  assert.equal(backend?.servers.length, 40);
  assert.equal(new Set(backend?.servers.map((server) => server.name)).size, 40);
  assert.equal(new Set(backend?.servers.map((server) => server.numericId)).size, 40);
});

Deno.test("a server keeps its name and number when others come and go", () => {
  const web = container("web", { hostname: "www.example.com" });
  const other = container("other", { hostname: "www.example.com" });
  const find = (model: ReturnType<typeof build>["model"]) =>
    model.backends[0]?.servers.find((server) => server.containerId === web.id);
  assert.deepEqual(find(build(web, other).model), find(build(web).model));
});

Deno.test("what Docker knows of a container's health and end closes its gate", () => {
  const all = [
    container("a", { health: "starting" }),
    container("b", { health: "unhealthy" }),
    container("c"),
  ];
  const stopping = container("d", { health: "healthy" });
  const { model } = buildModel(
    { containers: [...all, stopping], stopping: new Set([stopping.id]), starting: new Set() },
    SETTINGS,
  );
  const gates = model.backends.map((backend) => backend.servers[0]?.gate);
  assert.deepEqual(gates, ["starting", "unhealthy", "open", "stopping"]);
});

Deno.test("one that is being started has its server and no traffic, and takes nothing from one that runs", () => {
  const older = container("older", {
    status: "created",
    createdAt: 1,
    interlockData: '{"alias_domains": ["www.example.com"], "check": "httpchk"}',
  });
  const newer = container("newer", { createdAt: 2, hostname: "www.example.com" });
  const same = container("same", {
    createdAt: 3,
    hostname: "older.example.com",
    interlockData: '{"check": "redis-check"}',
  });
  const { model, notices } = buildModel(
    { containers: [older, newer, same], stopping: new Set(), starting: new Set([older.id]) },
    SETTINGS,
  );
  const gates = model.backends.flatMap((backend) =>
    backend.servers.map(({ containerName, gate }) => [containerName, gate])
  );
  assert.deepEqual(Object.fromEntries(gates), { newer: "open", older: "created", same: "open" });
  assert.equal(model.routes.find(({ host }) => host === "www.example.com")?.by, "newer");
  assert.equal(
    model.backends.find(({ host }) => host === "older.example.com")?.shape.check.option,
    "redis-check",
  );
  assert.deepEqual(notices.filter(({ code }) => code !== "conflict"), []);
});

Deno.test("nothing is said of what is wrong with one that is being started", () => {
  const wrong = container("wrong", { status: "created", interlockData: '{"port": 99}' });
  const { model, notices } = buildModel(
    { containers: [wrong], stopping: new Set(), starting: new Set([wrong.id]) },
    SETTINGS,
  );
  assert.deepEqual([model.backends, notices], [[], []]);
});

Deno.test("a host is not there before a container of its own runs, so that a wildcard answers for it", () => {
  const wildcard = container("wildcard", { interlockData: '{"hostname": "*.shop.test"}' });
  const starting = container("api", { status: "created", interlockData: '{"hostname": "api.shop.test"}' });
  const { model } = buildModel(
    { containers: [wildcard, starting], stopping: new Set(), starting: new Set([starting.id]) },
    SETTINGS,
  );
  assert.deepEqual(model.routes.map(({ host }) => host), ["*.shop.test"]);
  assert.deepEqual(model.backends.map(({ host }) => host), ["*.shop.test"]);
});

Deno.test("every container has a verdict, and one that serves nothing has a reason", () => {
  const containers = [container("a"), container("b", { status: "paused" }), container("c", { hostname: "" })];
  const built = build(
    ...containers,
    container("d", { interlockData: "{" }),
    container("e", { exposed: [] }),
  );
  assert.deepEqual(
    new Set(verdictsOf(built).map((verdict) => verdict.container.name)),
    new Set(["a", "b", "c", "d", "e"]),
  );
  for (const verdict of verdictsOf(built)) assert.equal(verdict.why === undefined, verdict.hosts.length > 0);
});

Deno.test("two engines may each have a container of one name: none takes the host of the other for its own", () => {
  const tls = { ...SETTINGS.frontend, tls: { port: port(443), options: "", profile: "modern" as const } };
  const ended = container("web", { interlockData: '{"hostname":"a.test"}' });
  const passed = container("web", {
    id: "another" as never,
    createdAt: 1,
    engine: { address: ip("10.0.0.9"), isLocal: false },
    published: [published(80, "0.0.0.0", 8_080)],
    interlockData: '{"hostname":"a.test","ssl_passthrough":true}',
  });
  const settings = { ...SETTINGS, frontend: tls };
  const of = (all: readonly (typeof ended)[]) =>
    buildModel({ containers: all, stopping: new Set(), starting: new Set() }, settings);
  assert.equal(of([ended, { ...passed, id: ended.id, engine: undefined }]).model.streams.routes.length, 1);
  const { model, notices } = of([ended, passed]);
  assert.equal(model.streams.routes.length, 0);
  assert.match(notices.map(({ message }) => message).join(), /serves a[.]test, and HAProxy ends its TLS/);
});
