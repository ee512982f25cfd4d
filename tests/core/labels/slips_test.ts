/** A guard that is misspelt, misplaced or empty costs the routes that it may be meant for: none is served without it. */
import assert from "node:assert/strict";
import { KEY_NAMES, keyNamed } from "../../../lib/core/keys/route_keys.ts";
import { parsePrefix } from "../../../lib/core/labels/label_parts.ts";
import { readRouteData, SaidBefore } from "../../../lib/core/labels/read_routes.ts";
import { shownLabel } from "../../../lib/core/labels/shown_words.ts";
import { container } from "../containers.ts";
import { LABELS_OF_OTHERS } from "./labels_of_others.ts";

type Words = {
  readonly labels?: Readonly<Record<string, string>>;
  readonly data?: unknown;
  readonly listed?: unknown;
};

/** What a container's words, or a file's route, come to. */
function read({ labels = {}, data, listed }: Words, name = "interlock") {
  const prefix = parsePrefix(name);
  assert.ok(prefix.ok, name);
  const words = {
    labels,
    interlockData: data === undefined ? undefined : JSON.stringify(data),
    ...listed !== undefined && { listed: { place: "routes.yaml, line 1", entry: listed, flaw: undefined } },
  };
  return readRouteData(container("web", words), [3, 2], new SaidBefore(), prefix.value);
}

/** Each route that is served, by what it says of its host. */
const served = (words: Words, prefix?: string) =>
  read(words, prefix).routes.filter(({ fault, off }) => fault === undefined && off === undefined)
    .map(({ hostname, hosts }) => hostname ?? hosts?.[0] ?? "its own");

type Said = Readonly<Record<string, unknown>>;

const messages = (words: Words) => read(words).complaints.map(({ message }) => message).join("\n");

const HOST = { "interlock.hostname": "a.test" };
const OF_2 = { "com.docker.lb.hosts": "a.test" };

Deno.test("words of ours and near words behind the prefix of Interlock 2, or a prefix that is nearly it, cost the route", () => {
  const labels = [
    ...["com.docker.lb.allow_from", "com.docker.lb.basic_auth", "com.docker.lb.basic_auth.1"],
    ...[
      "com.docker.lb.api.allow_from",
      "com.docker.lb.enable",
      "com.docker.lb.ssl-only",
      "com.docker.lb.allow-from",
    ],
    ...[
      "com.docker.lbs.ssl_only",
      "com.docker.lb-ssl_only",
      "com.docker.bl.context_root",
    ],
    ...["com.doker.lb.ssl_only", "Com.Docker.LB.ssl_only", "com.docker.lbs.ssl_passthrough"],
    ...["com.docker.lb.ssl_pasthrough", "com.docker.lbs.allow_from"],
  ];
  for (const label of labels) {
    for (const host of [HOST, OF_2]) {
      const words = { labels: { ...host, [label]: "true" } };
      assert.deepEqual(served(words), [], label);
      assert.match(messages(words), /did you mean/, label);
    }
  }
  assert.match(
    messages({ labels: { ...OF_2, "com.docker.lb.allow_from": "::1" } }),
    /"interlock\.allow_from"/,
  );
});

Deno.test("labels of Docker's other tools are no slips", () => {
  const labels = [
    ...[
      "com.docker.compose.ssl_only",
      "com.docker.compose.project",
      "com.docker.swarm.enable",
      "com.docker.x.port",
    ],
    ...[
      "com.docker.stack.namespace",
      "com.docker.compose.oneoff",
      "com.docker.desktop.enable",
      "com.docker.ucp.enable",
    ],
  ];
  for (const label of labels) {
    const words = { labels: { ...HOST, [label]: "true" } };
    assert.deepEqual([served(words), messages(words)], [["a.test"], ""], label);
  }
});

Deno.test("no two changes of the prefix of Interlock 2 hide a guard", () => {
  const right = "com.docker.lb.";
  const changed = (text: string) =>
    Array.from({ length: text.length + 1 }, (_, at) => {
      const [before, after] = [text.slice(0, at), text.slice(at)];
      return [`${before}x${after}`, before + after.slice(1), `${before}x${after.slice(1)}`];
    }).flat();
  for (const prefix of new Set(changed(right).flatMap(changed))) {
    const label = `${prefix}allow_from`;
    // Nothing stands there any more that is a key.
    if (/[a-z]allow_from$/.test(label) && !/[x.]allow_from$/.test(label)) continue;
    assert.deepEqual(served({ labels: { ...HOST, [label]: "10.0.0.0/8" } }), [], label);
  }
});

Deno.test("labels of Interlock 2 are for the signalbox whose prefix is the usual one", () => {
  const words = { labels: { ...OF_2, "com.docker.lbs.ssl_only": "true", "edge.hostname": "b.test" } };
  assert.deepEqual(served(words, "edge"), ["b.test"]);
  assert.deepEqual(served(words), []);
});

Deno.test("a password that stands behind the prefix of Interlock 2 is not shown", () => {
  assert.doesNotMatch(shownLabel("com.docker.lb.basic_auth", "me:secret"), /secret/);
});

Deno.test("a route with a name that only protects costs all routes of its container where another one names a host", () => {
  const guards = { "interlock.foo.allow_from": "10.0.0.0/8" };
  const others: readonly Words[] = [
    { labels: { ...guards, ...HOST } },
    { labels: { ...guards, ...OF_2 } },
    { labels: { ...guards, "interlock.context_root": "/app" } },
    { labels: { ...guards, "interlock.site.hostname": "a.test" } },
    { labels: guards, data: { hostname: "a.test" } },
    { labels: guards, data: [{ hostname: "a.test" }, { hostname: "b.test" }] },
    { labels: { ...guards, ...HOST, "interlock.foo.weight": "3" } },
    { labels: { ...HOST, "interlock.foo.ssl_backend": "true" } },
  ];
  for (const words of others) {
    assert.deepEqual(served(words), [], JSON.stringify(words));
    assert.match(messages(words), /"interlock\.(allow_from|ssl_backend)".*"interlock\.foo\.hostname"/);
  }
});

Deno.test("a route with a name that has a place, or that is off, or that holds for the container's only host is served", () => {
  const guard = { "interlock.foo.allow_from": "10.0.0.0/8" };
  const others: readonly (readonly [Words, number])[] = [
    [{ labels: { ...guard, ...HOST, "interlock.foo.hostname": "b.test" } }, 2],
    [{ labels: { ...guard, ...HOST, "interlock.foo.context_root": "/app" } }, 2],
    [{ labels: { ...guard, ...HOST, "interlock.foo.port": "81" } }, 2],
    [{ labels: { ...guard, ...HOST, "interlock.foo.enable": "false" } }, 1],
    // Both are routes of the host that Docker tells, and what protects one holds for it.
    [{ labels: guard }, 2],
  ];
  for (const [words, routes] of others) assert.equal(served(words).length, routes, JSON.stringify(words));
});

Deno.test("a slip in the guard of a route without a host, or of an object, costs all routes as the guard itself does", () => {
  const labels = [
    ...["interlock.foo.alow_from", "interlock.foo.allow-from", "interlock.foo.bsic_auth.1"],
    ...["interlok.foo.allow_from", "signalbox.foo.allow_from", "org.interlock.foo.basic_auth"],
  ];
  for (const label of labels) {
    const slip = { [label]: "10.0.0.0/8" };
    for (
      const beside of [HOST, { ...HOST, "interlock.foo.weight": "3" }, { "interlock.b.hostname": "b.test" }]
    ) {
      const words = { labels: { ...slip, ...beside } };
      assert.deepEqual(served(words), [], `${label} ${Object.keys(beside).join()}`);
      assert.match(messages(words), /all routes of the container are left out/, label);
    }
    assert.deepEqual(served({ labels: slip, data: { hostname: "a.test" } }), [], label);
    const other = { "interlock.foo.hostname": "b.test" };
    assert.deepEqual(served({ labels: { ...slip, ...HOST, ...other } }), ["a.test"], label);
    const off = { "interlock.foo.enable": "false" };
    assert.deepEqual(served({ labels: { ...slip, ...HOST, ...off } }), ["a.test"], label);
  }
  const near = { ...HOST, "interlock.admin.hostname": "b.test", "interlock.admn.alow_from": "10.0.0.0/8" };
  assert.deepEqual(served({ labels: near }), ["a.test"]);
  const a = { hostname: "a.test" };
  const allow = { allow_from: ["10.0.0.0/8"] };
  const objects: readonly Said[] = [
    ...[{ alow_from: ["10.0.0.0/8"] }, { "allow-from": ["10.0.0.0/8"] }, { access: allow }],
    ...[{ access: { x: [allow] } }, { "<<": allow }, { weight: 3, alow_from: ["10.0.0.0/8"] }],
  ];
  for (const each of objects) {
    assert.deepEqual(served({ data: [a, each] }), [], JSON.stringify(each));
    assert.deepEqual(
      served({ data: [a, each], labels: { "interlock.weight": "3" } }),
      [],
      JSON.stringify(each),
    );
    assert.match(messages({ data: [a, each] }), /protects a route that names no host/);
    assert.deepEqual(served({ data: [a, { ...each, hostname: "b.test" }] }), ["a.test"]);
  }
});

Deno.test("a guard in a place where none is read costs the container's routes", () => {
  const allow = { allow_from: ["10.0.0.0/8"] };
  const a = { hostname: "a.test" };
  const data: readonly unknown[] = [
    ...["interlock.allow_from", "INTERLOCK.allow_from", "access.allow_from", "access/allow_from"].map((
      key,
    ) => ({
      ...a,
      [key]: ["10.0.0.0/8"],
    })),
    ...[{ access: allow }, { x: { y: [{ z: allow }] } }, { routes: [{ ...a, ...allow }] }, { port: allow }],
    { labels: { "interlock.allow_from": "10.0.0.0/8" } },
  ].map((each) => ({ ...a, ...each }));
  const lists: readonly unknown[] = [
    [a, allow],
    [a, { hostname: "b.test" }, { ...allow, weight: 3 }],
    [a, [allow]],
    JSON.parse('{"hostname":"a.test","__proto__":{"allow_from":[]}}'),
  ];
  for (const each of [...data, ...lists]) {
    const words = { data: each };
    assert.deepEqual(served(words), [], JSON.stringify(each));
    assert.match(messages(words), /left out/, JSON.stringify(each));
  }
  assert.deepEqual(served({ listed: { ...a, servers: ["10.0.0.5:80"], access: allow } }), []);
  const labels = [
    ...["hostname.allow_from", "port.basic_auth.1", "x.y.allow_from", "hostname.x.allow_from"].map((each) =>
      `interlock.${each}`
    ),
    ...["signalbox.", "org.interlock.", "com.docker.interlock.", "Org.Interlock."].map((each) =>
      `${each}allow_from`
    ),
  ];
  for (const label of labels) {
    const words = { labels: { ...HOST, [label]: "10.0.0.0/8" } };
    assert.deepEqual(served(words), [], label);
    assert.match(messages(words), /did you mean/, label);
  }
  // It may be meant for the route with a name as well.
  const named = { "interlock.api.hostname": "b.test", "interlock.hostname.allow_from": "10.0.0.0/8" };
  assert.deepEqual(served({ labels: { ...HOST, ...named } }), []);
});

Deno.test("where keys stand as they should, or protect nothing, nothing is lost", () => {
  const a = { hostname: "a.test" };
  const data: readonly unknown[] = [
    { ...a, request_headers: { Share: "x", Maintenance: "y" } },
    { ...a, access: { allow_from: null } },
    { ...a, note: { port: 80 } },
    [a, { allow_from: ["10.0.0.0/8"], port: 81 }],
  ];
  for (const each of data) assert.equal(served({ data: each })[0], "a.test", JSON.stringify(each));
  for (const label of ["signalbox.hostname", "org.interlock.port", "signalbox.version"]) {
    assert.deepEqual(served({ labels: { ...HOST, [label]: "80" } }), ["a.test"], label);
  }
});

Deno.test("a merge key costs its route, in a file as in INTERLOCK_DATA", () => {
  const merged = { "<<": { allow_from: ["10.0.0.0/8"] }, hostname: "a.test" };
  assert.deepEqual(served({ data: merged }), []);
  assert.match(messages({ data: merged }), /"<<" of INTERLOCK_DATA merges nothing/);
  assert.deepEqual(served({ listed: { ...merged, servers: ["10.0.0.5:80"] } }), []);
});

/** Keys whose label says something with nothing behind it. */
const TRUE_WHEN_EMPTY = new Set(["enable", "ssl_only", "ssl_backend", "ssl_passthrough", "maintenance"]);

for (const name of KEY_NAMES.filter((name) => keyNamed(name).isGuard)) {
  Deno.test(`nothing behind ${name} costs the route, or closes it`, () => {
    const listed = { hostname: "a.test", servers: ["10.0.0.5:80"], [name]: null };
    assert.deepEqual(served({ listed }), []);
    assert.match(
      read({ listed }).complaints.map(({ message }) => message).join(),
      /is empty, expected .*the route is left out/,
    );
    for (const text of ["", " "]) {
      const { routes: [route] } = read({ labels: { ...HOST, [`interlock.${keyNamed(name).label}`]: text } });
      if (!TRUE_WHEN_EMPTY.has(name)) assert.ok(route?.fault, text);
      else assert.ok(route?.[name], text);
    }
  });
}

Deno.test("a word that is nearly a guard costs the route of a file also with nothing behind it", () => {
  assert.deepEqual(served({ listed: { hostname: "a.test", servers: ["10.0.0.5:80"], alow_from: null } }), []);
});

Deno.test("null in INTERLOCK_DATA says nothing, and in a file the same for keys that protect nothing", () => {
  assert.deepEqual(served({ data: { hostname: "a.test", allow_from: null } }), ["a.test"]);
  assert.deepEqual(served({ listed: { hostname: "a.test", servers: ["10.0.0.5:80"], warm: null } }), [
    "a.test",
  ]);
});

Deno.test("two slips at once cost the routes that they may be meant for, and the notice has the right spelling", () => {
  const labels = [
    ...["interlok.foo.alow_from", "interlock.foo.alow_from", "interlok.alow_from", "intrelock.a.b.basic_aut"],
    ...[
      "com.interlock.allow_from",
      "com.signalbox.allow_from",
      "org.signalbox.allow_from",
      "io.signalbox.alow_from",
    ],
    ...["org.signalbox.foo.allow_from", "com.interlock.foo.bar.deny_form", "signalbox.maintenence"],
  ];
  for (const label of labels) {
    const words = { labels: { ...HOST, [label]: "10.0.0.0/8" } };
    assert.deepEqual(served(words), [], label);
    assert.match(
      messages(words),
      /did you mean "interlock[.][a-z_.]*(?:allow_from|basic_auth|deny_from|maintenance)"/,
      label,
    );
  }
});

Deno.test("near words within values, and labels in a list, cost the route, and the notice has the right spelling", () => {
  const a = { hostname: "a.test" };
  const data: readonly Said[] = [
    { ...a, access: { alow_from: ["10.0.0.0/8"] } },
    { ...a, x: [{ y: { "allow-form": "10.0.0.0/8" } }] },
    { ...a, labels: ["interlock.allow_from=10.0.0.0/8"] },
    { ...a, labels: ["x", "interlock.foo.alow_from = 10.0.0.0/8"] },
    { ...a, labels: "interlok.allow_from=10.0.0.0/8" },
    { ...a, labels: ["interlock.allow_from: 10.0.0.0/8"] },
    { ...a, labels: [{ deploy: { labels: { "interlock.alow_from": "10.0.0.0/8" } } }] },
  ];
  for (const each of data) {
    assert.deepEqual(served({ data: each }), [], JSON.stringify(each));
    assert.match(messages({ data: each }), /expected "allow_from" beside the keys/, JSON.stringify(each));
  }
  const unclear: readonly Said[] = [
    { ...a, labels: "interlock.hostname=a.test\ninterlock.alow_from=10.0.0.0/8" },
    { ...a, "interlock.foo.alow_from": "10.0.0.0/8" },
    { ...a, x: Object.fromEntries(Array.from({ length: 70 }, (_, at) => [`another${at}`, 1])) },
  ];
  for (const each of unclear) {
    assert.deepEqual(served({ data: each }), [], JSON.stringify(each));
    assert.match(messages({ data: each }), /left out/, JSON.stringify(each));
  }
  const fine: readonly Said[] = [
    { ...a, labels: ["com.example.owner=allow_form", "traefik.enabled=x"], note: "see https://x.test/allow" },
    { ...a, meta: { owner: "x", version: "1", contact: { name: "y", authors: ["z"] } } },
    { ...a, alias_domains: ["share:80", "b.test"] },
  ];
  for (const each of fine) assert.deepEqual(served({ data: each }), ["a.test"], JSON.stringify(each));
});

Deno.test("labels that others read cost no route, nor a word, also behind a prefix of the operator's own", () => {
  assert.ok(LABELS_OF_OTHERS.length > 150);
  const labels = Object.fromEntries(LABELS_OF_OTHERS.map((label) => [label, "true"]));
  for (const prefix of ["interlock", "org.example.edge", "proxy"]) {
    const ofAnother: Readonly<Record<string, string>> = prefix === "interlock"
      ? {}
      : { "interlock.ssl_only": "true" };
    const words = { labels: { ...labels, ...ofAnother, [`${prefix}.hostname`]: "a.test" } };
    assert.deepEqual(served(words, prefix), ["a.test"], prefix);
    assert.deepEqual(read(words, prefix).complaints, [], prefix);
    for (const label of LABELS_OF_OTHERS) {
      assert.deepEqual(served({ labels: { [label]: "x" } }, prefix), ["its own"], label);
    }
  }
});
