import assert from "node:assert/strict";
import { readRouteData, SaidBefore } from "../../../lib/core/labels/read_routes.ts";
import { nearKey } from "../../../lib/core/keys/near_key.ts";
import { isKeyName, KEY_NAMES, type KeyName, keyNamed } from "../../../lib/core/keys/route_keys.ts";
import { container } from "../containers.ts";
import { KEY_ROWS, type KeyRow } from "../key_rows.ts";

function read(interlockData: string | undefined, labels: Record<string, string> = {}) {
  const { routes, complaints } = readRouteData(
    container("web", { interlockData, labels }),
    [2, 6],
    new SaidBefore(),
  );
  return { routes, notices: complaints.map(({ message }) => message) };
}

for (const name of KEY_NAMES) {
  const rule = keyNamed(name);
  const { sample, right, wrong }: KeyRow = KEY_ROWS[name];
  // What the key has no effect without.
  const needed = (rule.needs?.key ?? "hostname") as KeyName;
  const [neededJson, neededLabel] = KEY_ROWS[needed].sample;
  const said = (value: unknown) => read(JSON.stringify({ [needed]: neededJson, [name]: value }));

  Deno.test(`"${name}" and the label interlock.${rule.label} say the same`, () => {
    const [json, label] = sample;
    const byJson = said(json);
    const byLabel = read(undefined, {
      [`interlock.${keyNamed(needed).label}`]: neededLabel,
      [`interlock.${rule.label}`]: label,
    });
    assert.deepEqual([byJson.notices, byLabel.notices], [[], []]);
    assert.notEqual(byJson.routes[0]?.[name], undefined);
    assert.deepEqual(byLabel.routes[0]?.[name], byJson.routes[0]?.[name]);
  });

  Deno.test(`of "${name}", what is right is taken and what is wrong is not`, () => {
    for (const value of right) {
      assert.notEqual(said(value).routes[0]?.[name], undefined, JSON.stringify(value));
    }
    const isList = rule.kind === "string[]";
    // A list that protects, or that decides where the route leads, is wrong as a whole.
    const isKept = isList && rule.costs === "key";
    for (const value of wrong) {
      const { routes, notices } = said(isList ? [value] : value);
      assert.deepEqual(routes[0]?.[name], isKept ? [] : undefined, JSON.stringify(value));
      assert.equal(routes[0]?.fault !== undefined, rule.costs === "route", JSON.stringify(value));
      assert.equal(notices.length, 1, JSON.stringify(value));
    }
  });

  Deno.test(`a wrong "${name}" costs the ${rule.costs}`, () => {
    const { routes, notices } = read(JSON.stringify({ warm: true, [name]: { a: 1 } }));
    assert.equal(routes.length, 1);
    assert.equal(
      routes[0]?.fault,
      rule.costs === "key" ? undefined : `"${name}" of INTERLOCK_DATA cannot be used`,
    );
    assert.equal(routes[0]?.[name], undefined);
    if (name !== "warm") assert.equal(routes[0]?.warm, true);
    // An object in the place of a text may be meant for its neighbour, basic_auth.
    const isHidden = rule.isSecret || rule.hidesValue !== undefined || name === "basic_auth_realm";
    const shown = isHidden ? "…" : '\\{"a":1\\}';
    assert.match(notices[0] ?? "", new RegExp(`^"${name}" of INTERLOCK_DATA is ${shown}, expected `));
  });
}

Deno.test("what a key needs beside it is a key too, and a label names one key", () => {
  const needed = KEY_NAMES.flatMap((name) => keyNamed(name).needs?.key ?? []);
  assert.deepEqual(needed.filter((name) => !isKeyName(name)), []);
  assert.equal(new Set(KEY_NAMES.map((name) => keyNamed(name).label)).size, KEY_NAMES.length);
});

Deno.test("what has no effect without another key is told of", () => {
  for (const beside of [{}, { ssl_backend: false }]) {
    const { routes, notices } = read(JSON.stringify({ ssl_backend_tls_verify: "none", ...beside }));
    assert.equal(routes[0]?.fault, undefined);
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
    assert.match(
      notices[0] ?? "",
      /^cannot read INTERLOCK_DATA: .* at line 1, column |expected a JSON object/,
    );
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

Deno.test("a word that is not known is answered with the key that is near, if one is", () => {
  assert.deepEqual(read('{"hostnme": "x"}').notices, [
    'key "hostnme" of INTERLOCK_DATA is not known, did you mean "hostname"?',
  ]);
  assert.deepEqual(read('{"colour": "x"}').notices, ['key "colour" of INTERLOCK_DATA is not known']);
  assert.deepEqual(read(undefined, { "interlock.api.prt": "80" }).notices, [
    'label "interlock.api.prt" is not known, did you mean "interlock.api.port"?',
  ]);
});

Deno.test("words of one source that are not known are one notice", () => {
  const words = ["hostnme", "BALANCE", "prot", "a1", "b2", "c3", "d4"];
  assert.deepEqual(read(JSON.stringify(Object.fromEntries(words.map((word) => [word, 1])))).notices, [
    '7 keys of INTERLOCK_DATA are not known: "hostnme" (did you mean "hostname"?), ' +
    '"BALANCE" (did you mean "balance_algorithm"?), "prot" (did you mean "port"?), "a1", "b2" and 2 more',
  ]);
});

Deno.test("words are near that differ in case, marks or a slip, and others are not", () => {
  const wanted: Record<string, string | undefined> = {
    "context-root": "context_root",
    contextroot: "context_root",
    contextRoot: "context_root",
    "Context.Root": "context_root",
    contxt_root: "context_root",
    path: "context_root",
    PathPrefix: "context_root",
    "ssl-only": "ssl_only",
    sslOnly: "ssl_only",
    forceHttps: "ssl_only",
    ssl_backend_tls_verfy: "ssl_backend_tls_verify",
    enabled: "enable",
    disable: "enable",
    prot: "port",
    prt: "port",
    ports: "port",
    health_check: "check",
    healthcheck: "check",
    hosts: "hosts",
    nonsense: undefined,
    "": undefined,
    x: undefined,
    name: undefined,
    table_of_contents: undefined,
    timeout: undefined,
    part: "port",
    pest: undefined,
  };
  assert.deepEqual(Object.fromEntries(Object.keys(wanted).map((word) => [word, nearKey(word)])), wanted);
});

Deno.test("a word that is near to a key which narrows, protects or closes costs its route", () => {
  for (const key of ["contextRoot", "path", "ssl-only", "SSL_BACKEND", "ssl_verify", "enabled", "disabled"]) {
    const { routes, notices } = read(JSON.stringify({ hostname: "www", [key]: "x" }));
    assert.match(routes[0]?.fault ?? "", /^"[A-Za-z_-]+" is not known, and may be meant as "/, key);
    assert.match(notices[0] ?? "", /\? The route is left out, since that key narrows or protects it$/, key);
  }
  for (const key of ["hostnme", "prot", "balance", "alias", "netwrk", "colour"]) {
    assert.equal(read(JSON.stringify({ [key]: "x" })).routes[0]?.fault, undefined, key);
  }
});

Deno.test("a label that is near to such a key costs the route that it speaks of, and no other", () => {
  const faults = (label: string) =>
    read(undefined, {
      "interlock.hostname": "own.com",
      "interlock.api.hostname": "api.com",
      "interlock.web.hostname": "web.com",
      [label]: "/app",
    }).routes.map(({ fault }) => fault !== undefined);
  for (
    const label of [
      "context-root",
      "contextroot",
      "path",
      "context.root",
      "ssl_only.x",
    ]
  ) assert.deepEqual(faults(`interlock.${label}`), [true, false, false], label);
  assert.deepEqual(faults("Interlock.context_root"), [true, false, false]);
  for (const label of ["api.context-root", "api.path"]) {
    assert.deepEqual(faults(`interlock.${label}`), [false, true, false], label);
  }
});

Deno.test("a label whose words are in another order costs each route that it names", () => {
  const faults = (label: string) =>
    read(undefined, {
      "interlock.hostname": "own.com",
      "interlock.api.hostname": "api.com",
      "interlock.web.hostname": "web.com",
      [label]: "true",
    }).routes.map(({ fault }) => fault !== undefined);
  for (const label of ["ssl_only.api", "api..ssl_only", "api.v1.ssl_only", "v1.api.ssl_only", "path.api"]) {
    assert.deepEqual(faults(`interlock.${label}`), [true, true, false], label);
  }
});

Deno.test("a guard of a route that is nowhere else named costs the route whose name is near", () => {
  const faults = (label: string) => {
    const value = label.includes("root") ? "/app" : "true";
    const { routes, notices } = read(undefined, { "interlock.admin.hostname": "admin.com", [label]: value });
    const faulty = routes.filter(({ fault }) => fault !== undefined).map(({ source }) => source);
    return [...faulty, notices.length];
  };
  const admin = 'label route "admin"';
  assert.deepEqual(faults("interlock.admn.ssl_only"), [admin, 1]);
  assert.deepEqual(faults("interlock.Admin.ssl_only"), [admin, 1]);
  assert.deepEqual(faults("interlock.ADMIN.context_root"), [admin, 1]);
  // A path is a place of its own; and what is not near may be meant for any route.
  assert.deepEqual(faults("interlock.admin2.context_root"), [0]);
  assert.deepEqual(faults("interlock.web.ssl_only"), ["labels", admin, 'label route "web"', 1]);
  assert.deepEqual(faults("interlock.admn.warm"), [0]);
});

Deno.test("a near word of the container's own labels costs each of its routes in the data", () => {
  const { routes } = read('[{"hostname": "a"}, {"hostname": "b"}]', { "interlock.path": "/app" });
  assert.deepEqual(routes.map(({ fault }) => fault !== undefined), [true, true]);
});

Deno.test("booleans are read in every way that people write them, in JSON and in labels alike", () => {
  const ways = {
    true: ["true", "TRUE", "yes", "On", "1", " on "],
    false: ["false", "No", "off", "0", "OFF "],
  };
  for (const [truth, texts] of Object.entries(ways)) {
    for (const text of [...texts]) {
      assert.equal(read(JSON.stringify({ warm: text })).routes[0]?.warm, truth === "true", `JSON ${text}`);
      assert.equal(read(undefined, { "interlock.warm": text }).routes[0]?.warm, truth === "true", text);
    }
  }
  for (const [value, truth] of [[true, true], [false, false], [1, true], [0, false]]) {
    assert.equal(read(JSON.stringify({ warm: value })).routes[0]?.warm, truth);
  }
  for (const value of ["", "maybe", 2, -1, [], {}, "ja"]) {
    const { routes, notices } = read(JSON.stringify({ warm: value }));
    assert.deepEqual([routes[0]?.warm, notices.length], [undefined, 1], String(value));
  }
  assert.deepEqual(read(undefined, { "interlock.warm": "maybe" }).notices, [
    'label "interlock.warm" is "maybe", expected true or false (or yes, no, on, off, 1, 0); the key is left out',
  ]);
  assert.equal(read(undefined, { "interlock.warm": " " }).routes[0]?.warm, true);
});

Deno.test("null is not set, for every key, and says nothing", () => {
  const nulls = Object.fromEntries([...KEY_NAMES, "path", "x"].map((name) => [name, null]));
  const { routes, notices } = read(JSON.stringify(nulls));
  assert.deepEqual(notices, []);
  assert.deepEqual(routes, [{
    source: "INTERLOCK_DATA",
    isExplicit: false,
    off: undefined,
    fault: undefined,
  }]);
});

Deno.test("enable leaves out the container where it is said of it, and one route where it is said of that", () => {
  const off = (data: string | undefined, labels: Record<string, string> = {}) =>
    read(data, labels).routes.map(({ off }) => off);
  const named = { "interlock.api.hostname": "api.com", "interlock.web.hostname": "web.com" };
  const isFalse = 'label "interlock.enable" is false';
  assert.deepEqual(off(undefined, { "interlock.enable": "off", ...named }), [isFalse, isFalse, isFalse]);
  assert.deepEqual(off('{"enable": false}', named), Array(3).fill('"enable" of INTERLOCK_DATA is false'));
  assert.deepEqual(off('{"enable": false}', { "interlock.enable": "true" }), [undefined]);
  assert.deepEqual(off('[{"enable": false}, {}]'), ['"enable" of INTERLOCK_DATA[0] is false', undefined]);
  assert.deepEqual(off(undefined, { "interlock.api.enable": "no", ...named }), [
    undefined,
    'label "interlock.api.enable" is false',
    undefined,
  ]);
  assert.deepEqual(
    read('{"enable": false, "port": "x", "y": 1}').notices,
    [],
    "what is left out is not scolded",
  );
});

Deno.test("a wrong enable of the container costs all of its routes", () => {
  const { routes, notices } = read(undefined, {
    "interlock.enable": "fasle",
    "interlock.api.hostname": "api.com",
  });
  const fault = 'label "interlock.enable" cannot be used';
  assert.deepEqual(routes.map(({ fault }) => fault), [fault, fault]);
  assert.equal(notices.length, 1);
});

Deno.test("what may be meant as the enable of the container costs all of its routes", () => {
  const named = { "interlock.api.hostname": "api.com" };
  const isClosed = (data: string | undefined, labels: Record<string, string> = {}) =>
    read(data, { ...named, ...labels }).routes.every(({ fault }) => fault !== undefined);
  for (const word of ["enabled", "Enable", "disable", "ignore", "skip"]) {
    assert.ok(isClosed(undefined, { [`interlock.${word}`]: "false" }), word);
    assert.ok(isClosed(JSON.stringify({ [word]: false }).replace("Enable", "Enabled")), word);
  }
  assert.ok(isClosed('{"enable": false, "enable": true}'));
  assert.ok(isClosed('{"enable": false,}'), "which cannot be read");
  assert.ok(isClosed("{'enabled': false}"), "which cannot be read");
  // A label beats the data, one of several objects speaks of itself, and so does a route of its own.
  assert.ok(!isClosed('{"enabled": false}', { "interlock.enable": "true" }));
  assert.ok(!isClosed('[{"enabled": false}, {}]'));
  assert.ok(!isClosed("{'hostname': 'x'}"));
  assert.ok(!isClosed(undefined, { "interlock.web.enabled": "false" }));
});

Deno.test("a certificate that is to be checked, without TLS, costs the route", () => {
  for (const beside of [{}, { ssl_backend: false }]) {
    const { routes, notices } = read(JSON.stringify({ ssl_backend_tls_verify: "required", ...beside }));
    assert.equal(routes[0]?.fault, '"ssl_backend_tls_verify" of INTERLOCK_DATA has no effect');
    assert.equal(notices.length, 1);
  }
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
  assert.deepEqual([routes[0]?.port, notices.length], [undefined, 1]);
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
  const labels = Array.from({ length: 1_025 }, (_, at) => [`interlock.alias_domain.${at}`, "a.com"]);
  assert.equal(read(undefined, Object.fromEntries(labels)).routes.length, 0);
  assert.equal(read(undefined, { "interlock.hostname": "x".repeat(70_000) }).routes.length, 0);
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

Deno.test("a key that comes twice costs the route where it narrows or protects one, since nobody knows which was meant", () => {
  const fault = (data: string) => read(data).routes.map(({ fault }) => fault);
  const twice = 'INTERLOCK_DATA has "context_root" more than once';
  assert.deepEqual(fault('{"context_root": "/api", "context_root": null}'), [twice]);
  assert.deepEqual(fault('[{"context_root": "/api", "context_root": "/"}, {}]'), [twice, twice]);
  assert.deepEqual(fault('[{"context_root": "/api"}, {"context_root": "/web"}]'), [undefined, undefined]);
  assert.deepEqual(fault('{"warm": true, "warm": false}'), [undefined]);
});
