import assert from "node:assert/strict";
import { readRouteData, SaidBefore } from "../../lib/core/route_data.ts";
import { ROUTE_KEYS } from "../../lib/core/route_keys.ts";
import { container } from "./containers.ts";

function read(interlockData: string | undefined, labels: Record<string, string> = {}) {
  const { routes, notices } = readRouteData(
    container("web", { interlockData, labels }),
    [2, 6],
    new SaidBefore(),
  );
  return { routes, notices: notices.map((notice) => notice.message) };
}

/** A good value of each key, as JSON and as a label. */
const SAMPLES: Record<keyof typeof ROUTE_KEYS, readonly [json: unknown, label: string]> = {
  hostname: ["www", "www"],
  domain: ["example.com", "example.com"],
  alias_domains: [["foo.com"], "foo.com"],
  port: [8080, "8080"],
  warm: [true, "true"],
  check: ["httpchk GET /", "httpchk GET /"],
  check_interval: [1000, "1000"],
  backend_options: [["http-no-delay"], "http-no-delay"],
  ssl_only: [false, "no"],
  balance_algorithm: ["leastconn", "leastconn"],
  weight: [10, "10"],
  ssl_backend: [true, ""],
  ssl_backend_tls_verify: ["required", "required"],
  network: ["web", "web"],
  context_root: ["/app", "/app"],
  context_root_rewrite: [true, "1"],
};

for (const [name, rule] of Object.entries(ROUTE_KEYS)) {
  const key = name as keyof typeof ROUTE_KEYS;
  Deno.test(`"${name}" and the label interlock.${rule.label} say the same`, () => {
    const [json, label] = SAMPLES[key];
    // Beside it stands what it has no effect without.
    const byJson = read(JSON.stringify({ ssl_backend: true, context_root: "/app", [name]: json }));
    const byLabel = read(undefined, {
      "interlock.ssl_backend": "",
      "interlock.context_root": "/app",
      [`interlock.${rule.label}`]: label,
    });
    assert.deepEqual([byJson.notices, byLabel.notices], [[], []]);
    assert.notEqual(byJson.routes[0]?.[key], undefined);
    assert.deepEqual(byLabel.routes[0]?.[key], byJson.routes[0]?.[key]);
  });

  Deno.test(`a wrong "${name}" costs ${rule.isVital ? "the route" : "that key alone"}`, () => {
    const { routes, notices } = read(JSON.stringify({ warm: true, [name]: { a: 1 } }));
    assert.equal(routes.length, 1);
    assert.equal(routes[0]?.isLost, rule.isVital);
    assert.equal(routes[0]?.[key], undefined);
    if (key !== "warm") assert.equal(routes[0]?.warm, true);
    assert.match(notices[0] ?? "", new RegExp(`^"${name}" of INTERLOCK_DATA is \\{"a":1\\}, expected `));
  });
}

Deno.test("what has no effect without another key is told of", () => {
  for (const beside of [{}, { ssl_backend: false }]) {
    const { routes, notices } = read(JSON.stringify({ ssl_backend_tls_verify: "required", ...beside }));
    assert.equal(routes[0]?.isLost, false);
    assert.deepEqual(notices, [
      '"ssl_backend_tls_verify" of INTERLOCK_DATA has no effect, expected ssl_backend beside it',
    ]);
  }
});

Deno.test("a container that says nothing has one route that is not explicit", () => {
  for (const data of [undefined, "", "  ", "[]"]) {
    const { routes, notices } = read(data);
    assert.deepEqual([routes.length, routes[0]?.isExplicit, notices.length], [1, false, 0], data);
  }
});

Deno.test("JSON that cannot be read is one notice and no route", () => {
  for (const data of ["{", "hostname=www", "5", "null", '"x"', '["x"]', "{'a': 1}", "\u0000"]) {
    const { routes, notices } = read(data);
    assert.deepEqual([routes.length, notices.length], [0, 1], data);
    assert.match(notices[0] ?? "", /expected a JSON object/);
  }
});

Deno.test("an array is a route for each of its objects", () => {
  const { routes } = read('[{"hostname": "a"}, 5, {"hostname": "b"}]');
  assert.deepEqual(routes.map(({ hostname, source }) => [hostname, source]), [
    ["a", "INTERLOCK_DATA[0]"],
    ["b", "INTERLOCK_DATA[2]"],
  ]);
});

Deno.test("a label beats the same key of every object", () => {
  const { routes } = read('[{"port": 1}, {"port": 2, "hostname": "b"}]', { "interlock.port": "3" });
  assert.deepEqual(routes.map(({ port, hostname }) => [port, hostname]), [[3, undefined], [3, "b"]]);
});

Deno.test("labels with a name make a route of their own", () => {
  const { routes, notices } = read(undefined, {
    "interlock.api.port": "1",
    "interlock.api.hostname": "api",
    "interlock.port": "2",
  });
  assert.deepEqual(notices, []);
  assert.deepEqual(routes.map(({ port, hostname }) => [port, hostname]), [[2, undefined], [1, "api"]]);
});

Deno.test("the elements of a list come in the order of their numbers", () => {
  const numbers = ["10", "2", "0"].map((at) => [`interlock.alias_domain.${at}`, `a${at}.com`]);
  const { routes } = read(undefined, {
    ...Object.fromEntries(numbers),
    "interlock.alias_domain": "first.com",
  });
  assert.deepEqual(routes[0]?.alias_domains, ["first.com", "a0.com", "a2.com", "a10.com"]);
});

Deno.test("a wrong element costs itself, not the list", () => {
  const { routes, notices } = read('{"alias_domains": ["a.com", "not ok", 5, "b.com"]}');
  assert.deepEqual(routes[0]?.alias_domains, ["a.com", "b.com"]);
  assert.equal(notices.length, 2);
});

Deno.test("keys and labels that are not known are answered with the nearest", () => {
  assert.deepEqual(read('{"hostnme": "x", "BALANCE": "y", "ssl-only": true}').notices, [
    'key "hostnme" of INTERLOCK_DATA is not known, did you mean "hostname"?',
    'key "BALANCE" of INTERLOCK_DATA is not known, did you mean "balance_algorithm"?',
    'key "ssl-only" of INTERLOCK_DATA is not known, did you mean "ssl_only"?',
  ]);
  assert.deepEqual(read(undefined, { "interlock.api.prt": "80" }).notices, [
    'label "interlock.api.prt" is not known, did you mean "interlock.api.port"?',
  ]);
});

Deno.test("labels of others are not looked at", () => {
  const others = {
    "traefik.enable": "x",
    "interlock": "x",
    "interlocked.port": "x",
    "com.interlock.port": "x",
  };
  assert.deepEqual(read(undefined, others).notices, []);
});

Deno.test("names of JavaScript's own make no trouble", () => {
  const { routes, notices } = read('{"__proto__": {"port": 1}, "constructor": 1, "toString": "x"}');
  assert.deepEqual([routes[0]?.port, notices.length], [undefined, 3]);
  assert.equal(
    read(undefined, { "interlock.constructor": "x", "interlock.__proto__.port": "80" }).routes.length,
    2,
  );
});

Deno.test("one container cannot make us do endless work", () => {
  const many = read(JSON.stringify(Array.from({ length: 1_000 }, (_, at) => ({ hostname: `h${at}` }))));
  assert.equal(many.routes.length, 64);
  assert.match(many.notices.at(-1) ?? "", /asks for 1000 routes, at most 64/);
  const aliases = read(
    JSON.stringify({ alias_domains: Array.from({ length: 1_000 }, (_, at) => `a${at}.com`) }),
  );
  assert.equal(aliases.routes[0]?.alias_domains?.length, 256);
  assert.equal(read(JSON.stringify({ hostname: "x".repeat(70_000) })).routes.length, 0);
});

Deno.test("label routes of their own stand beside JSON that cannot be read", () => {
  const { routes, notices } = read("{", {
    "interlock.api.hostname": "api.example.com",
    "interlock.port": "80",
  });
  assert.deepEqual(routes.map(({ source, hostname }) => [source, hostname]), [[
    'label route "api"',
    "api.example.com",
  ]]);
  assert.equal(notices.length, 1);
});
