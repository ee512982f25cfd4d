/** What serves a variant's other requests, and what protects them: hosts, wildcards, patterns and what serves every host. */
import assert from "node:assert/strict";
import { formatNetwork } from "../../../lib/core/values/network.ts";
import { build, rowOf, type Said, toldOf, V } from "./built.ts";

/** What a container's variant asks of HAProxy's frontend, and the notices of it. */
function variantOf(name: string, said: Readonly<Record<string, Said>>) {
  const { model, notices } = build(said);
  const found = model.backends.find(({ routes }) => routes.some(({ by, variant }) => by === name && variant));
  assert.ok(found, "it is served");
  const own = notices.filter(({ subject }) => subject === name);
  return {
    options: found.options,
    codes: own.map(({ code }) => code),
    texts: own.map(({ message }) => message),
  };
}

const USERS = (name: string) => [`${name}:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=`];
const A = { hostname: "a.test" };
const B = { hostname: "b.test" };
const BOTH = { hosts: ["a.test", "b.test"], methods: ["POST"] };

Deno.test("a variant of two hosts that are protected in different ways is closed, and both hosts are named", () => {
  const guards: readonly (readonly [Said, Said])[] = [
    [{ basic_auth: USERS("one") }, { basic_auth: USERS("two") }],
    [{ allow_from: ["10.0.0.0/8"] }, { allow_from: ["10.1.0.0/16"] }],
    [{ allow_from: ["10.0.0.0/8"] }, { deny_from: ["10.1.0.0/16"] }],
    [{ forward_auth: "http://10.0.0.1:80/" }, { forward_auth: "http://10.0.0.2:80/" }],
    [{ rate_limit: "5/1s" }, { rate_limit: "5/1s", rate_limit_by: "host" }],
  ];
  for (const [one, two] of guards) {
    for (const [first, second] of [[one, two], [two, one]] as const) {
      const what = JSON.stringify([first, second]);
      const { options, codes, texts } = variantOf("v", {
        a: { ...A, ...first },
        b: { ...B, ...second },
        v: BOTH,
      });
      assert.deepEqual(options.allow_from, [], what);
      assert.equal(options.deny_from, undefined, what);
      assert.ok(codes.includes("guards-differ"), what);
      assert.match(texts.join("\n"), /a\.test\/ \("a"\) and b\.test\/ \("b"\)/, what);
    }
  }
});

Deno.test("the same holds for two paths of one host", () => {
  const { options } = variantOf("v", {
    root: { ...A, context_root: "/x", basic_auth: USERS("one") },
    other: { ...A, context_root: "/y", basic_auth: USERS("two") },
    v: { ...A, context_root: ["/x", "/y"], methods: ["POST"] },
  });
  assert.deepEqual(options.allow_from, []);
});

Deno.test("equal guards are no difference, nor is a host that has none, nor what the variant says itself", () => {
  const users = { basic_auth: USERS("one") };
  const equal = variantOf("v", {
    a: { ...A, ...users, basic_auth_realm: "x" },
    b: { ...B, ...users },
    v: BOTH,
  });
  assert.equal(equal.options.basic_auth?.length, 1);
  assert.equal(equal.options.allow_from, undefined);
  const half = variantOf("v", { a: A, b: { ...B, ...users }, v: BOTH });
  assert.equal(half.options.basic_auth?.length, 1);
  assert.equal(half.options.allow_from, undefined);
  const own = variantOf("v", {
    a: { ...A, ...users },
    b: { ...B, basic_auth: USERS("two") },
    v: { ...BOTH, basic_auth: USERS("three") },
  });
  assert.equal(own.options.allow_from, undefined);
  assert.ok(!own.codes.includes("guards-differ"));
});

Deno.test("of two numbers that bound requests the smaller one holds, and maintenance holds with either text", () => {
  const { options, codes } = variantOf("v", {
    a: { ...A, max_body: 200, maintenance: "soon" },
    b: { ...B, max_body: 100, maintenance: "later" },
    v: BOTH,
  });
  assert.equal(options.max_body, 100);
  assert.ok(options.maintenance);
  assert.ok(!codes.includes("guards-differ"));
});

Deno.test("addresses that come in and those that do not are inherited from one route together", () => {
  const both = { allow_from: ["10.0.0.0/8"], deny_from: ["10.1.0.0/16"] };
  const { options } = variantOf("v", { a: { ...A, ...both }, b: B, v: BOTH });
  assert.equal(options.allow_from?.length, 1);
  assert.equal(options.deny_from?.length, 1);
});

Deno.test("addresses that a variant lets in are none of those that its plain route refuses", () => {
  const { options } = variantOf("v", {
    a: { ...A, deny_from: ["10.0.0.0/8"] },
    v: { ...A, methods: ["POST"], allow_from: ["10.1.0.0/16", "192.168.0.0/16"] },
  });
  assert.deepEqual(options.allow_from?.flat().map(formatNetwork), ["192.168.0.0/16"]);
  assert.equal(options.deny_from?.length, 1);
});

Deno.test("addresses that a plain route lets in are none of those that its variant refuses, whoever is older", () => {
  const plain = { ...A, allow_from: ["10.1.0.0/16", "192.168.0.0/16"] };
  const variant = { ...A, methods: ["POST"], deny_from: ["10.0.0.0/8"] };
  for (const said of [{ v: variant, a: plain }, { a: plain, v: variant }]) {
    const { options } = variantOf("v", said);
    assert.deepEqual(options.allow_from?.flat().map(formatNetwork), ["192.168.0.0/16"]);
    assert.equal(options.deny_from?.length, 1);
  }
});

Deno.test("what protects a pattern, a wildcard or what serves every host holds for a variant of a host of it", () => {
  const guard = { allow_from: ["10.0.0.0/8"] };
  const parents: readonly Said[] = [
    { hostname: "z.test", host_regex: ["(.+)-preview[.]a[.]test"], ...guard },
    { hostname: "*.a.test", ...guard },
    { hostname: "z.test", default_host: true, ...guard },
  ];
  for (const parent of parents) {
    const what = JSON.stringify(parent);
    const { options } = variantOf("v", { parent, v: V });
    assert.equal(options.allow_from?.length, 1, what);
    const { model } = build({ parent, v: V });
    assert.ok(!model.routes.some(({ isOnly }) => isOnly), what);
    assert.match([...model.variants.rows.keys()].join(), /\|x-preview\.a\.test\/$/, what);
  }
});

Deno.test("the first pattern that matches counts, and none that does not", () => {
  const users = (name: string) => ({ basic_auth: USERS(name) });
  const { model } = build({
    other: { hostname: "o.test", host_regex: ["(.+)-review[.]a[.]test"], ...users("no") },
    first: { hostname: "f.test", host_regex: ["x-(.+)[.]a[.]test"], ...users("first") },
    second: { hostname: "s.test", host_regex: ["(.+)-preview[.]a[.]test"], ...users("second") },
    v: V,
  });
  const variant = model.backends.find(({ host }) => host === V.hostname);
  const first = model.backends.find(({ host }) => host === "f.test");
  assert.deepEqual(variant?.options.basic_auth, first?.options.basic_auth);
  assert.deepEqual([...model.variants.parents], ["~x-(.+)[.]a[.]test/"]);
});

Deno.test("a wildcard's variant that may hide hosts of a pattern is protected as these are", () => {
  const parent = { hostname: "z.test", host_regex: ["(.+)-preview[.]a[.]test"], basic_auth: USERS("one") };
  const hidden = variantOf("v", { parent, v: { ...V, hostname: "*.a.test" } });
  assert.equal(hidden.options.basic_auth?.length, 1);
  const deep = variantOf("v", {
    parent: { ...parent, context_root: "/x/y" },
    v: { ...V, hostname: "*.a.test", context_root: "/x" },
  });
  assert.equal(deep.options.basic_auth?.length, 1, "a longer path of the pattern");
  const beside = variantOf("v", {
    parent: { ...parent, context_root: "/xy" },
    v: { ...V, hostname: "*.a.test", context_root: "/x" },
  });
  assert.equal(beside.options.basic_auth, undefined);
  const far = variantOf("v", { parent, v: { ...V, hostname: "*.b.test" } });
  assert.equal(far.options.basic_auth, undefined);
});

Deno.test("a host of variants alone leaves the longer paths of its wildcard and pattern to them: HAProxy looks for it last", () => {
  for (const parent of [{ hostname: "*.a.test" }, { hostname: "z.test", host_regex: ["(.+)[.]a[.]test"] }]) {
    const { model } = build({ parent: { ...parent, context_root: "/app" }, v: V });
    const own = model.routes.filter(({ host, variant }) => host === V.hostname && variant === undefined);
    assert.deepEqual(own.map(({ key, by, isOnly }) => [key, by, isOnly]), [[
      `?only/${V.hostname}/`,
      "v",
      true,
    ]]);
  }
});

Deno.test("a request that is for no variant of its host is for one of the wildcard above", () => {
  const { model } = build({
    plain: { hostname: "*.a.test" },
    wild: { hostname: "*.a.test", methods: ["PUT"] },
    v: V,
  });
  const row = [...model.variants.rows].find(([key]) => key.endsWith(`|${V.hostname}/`))?.[1] ?? "";
  assert.deepEqual(row.split("\u241f").map((each) => each.split("\u241d")[1]), ["POST", "PUT"]);
});

Deno.test("what stands for variants alone takes none from a plain route that HAProxy looks for first, and hides none of them", () => {
  const root = { ...V, methods: ["PUT"] };
  const app = { ...V, context_root: "/app", deny_from: ["0.0.0.0/0"] };
  const plains: readonly (readonly [Said, key: string])[] = [
    [{ hostname: "*.a.test" }, "*.a.test/app/"],
    [{ hostname: "z.test", host_regex: ["(.+)[.]a[.]test"] }, "~(.+)[.]a[.]test/app/"],
    [{ hostname: "z.test", default_host: true }, "*/app/"],
  ];
  for (const [said, key] of plains) {
    const plain = { ...said, context_root: "/app" };
    for (const all of [{ plain, app, root }, { root, app, plain }]) {
      const { model } = build(all);
      const parent = model.routes.find((route) => `${route.key}` === key);
      assert.ok(parent, key);
      const row = [...model.variants.rows.keys()].filter((each) => each.endsWith(`|${V.hostname}/app/`));
      assert.deepEqual(row.map((each) => each.split("|")[0]), [parent.backend], key);
      assert.ok(model.variants.parents.has(parent.key), key);
    }
  }
});

/** Conditions that fill more than half of a row of variants. */
const long = (letter: string) => {
  const eight = (between: string) =>
    Array.from({ length: 8 }, (_, at) => `${letter}${at}${"n".repeat(40)}${between}${"x".repeat(100)}`);
  return { match_headers: eight(": "), match_query: eight("="), match_cookies: eight("=") };
};

Deno.test("the oldest variants have their place in a row, however many conditions younger ones have", () => {
  const post = { ...A, methods: ["POST"], deny_from: ["0.0.0.0/0"] };
  const built = build({ plain: A, post, one: { ...A, ...long("a") }, two: { ...A, ...long("b") } });
  assert.deepEqual(rowOf("a.test/", built), ["one", "post"]);
  assert.match(
    toldOf("two", built),
    /^serves no requests to a\.test\/: its conditions [^;]*too long together$/,
  );
  assert.equal(toldOf("post", built), "");
});

Deno.test("where a variant has no room that is protected, nobody comes in but for what older variants serve", () => {
  const guard = { deny_from: ["10.0.0.0/8"] };
  const closed = (plain: Said, late: Said, place = "a.test/") => {
    const older = { one: { ...A, ...long("a") }, two: { ...A, match_headers: ["x-two"] } };
    const built = build({ plain, ...older, late: { ...A, ...long("b"), ...late } });
    return { row: rowOf(place, built), built };
  };
  const { row, built } = closed(A, guard);
  assert.deepEqual(row, ["one", "two", "!"]);
  assert.match(toldOf("late", built), /since it is protected, what is for no older one answers 403/);
  assert.match(toldOf("plain", built), /^answers 403 to a\.test\/ but for .*"late" is protected/);
  assert.deepEqual(closed({ ...A, deny_from: ["10.0.0.0/16"] }, guard).row.at(-1), "!");
  assert.deepEqual(
    closed({ ...A, ...guard }, guard).row,
    ["one", "two"],
    "the plain route has the same guard",
  );
  assert.deepEqual(closed(A, {}).row, ["one", "two"], "nothing protects it");
  assert.deepEqual(closed({ hostname: "b.test" }, guard).row, ["one", "two"], "no plain route");
});

Deno.test("a row of a longer path is closed for a variant of the shorter one that has no room in it", () => {
  const root = { ...A, methods: ["POST"], deny_from: ["0.0.0.0/0"] };
  const built = build({
    plain: A,
    one: { ...A, context_root: "/x", ...long("a") },
    root: { ...root, ...long("b") },
  });
  assert.deepEqual(rowOf("a.test/", built), ["root"]);
  assert.deepEqual(rowOf("a.test/x/", built), ["one", "!"]);
  assert.match(toldOf("root", built), /serves no requests to a\.test\/x\//);
});

Deno.test("a younger variant that is tried before an older protected one of another container is protected as that one is", () => {
  const older = { ...A, methods: ["POST"], deny_from: ["10.0.0.0/8"] };
  const younger = { ...A, methods: ["POST"], match_headers: ["x-a"] };
  const guarded = (said: Readonly<Record<string, Said>>, name = "younger") =>
    variantOf(name, said).options.deny_from?.length;
  assert.equal(guarded({ older, younger }), 1);
  assert.equal(guarded({ plain: A, older, younger }), 1);
  const wild = { ...older, hostname: "*.a.test" };
  const exact = { ...V, match_headers: ["x-a"] };
  for (const beside of [{}, { every: { hostname: "e.test", default_host: true } }]) {
    assert.equal(guarded({ ...beside, wild, exact }, "exact"), 1, "a host below a wildcard");
    assert.equal(guarded({ exact, ...beside, wild }, "exact"), undefined, "the older one of the two");
    const pattern = { hostname: "p.test", host_regex: ["(.+)[.]a[.]test"] };
    const some = { ...pattern, methods: ["POST"] };
    assert.equal(guarded({ ...beside, wild, pattern, some }, "some"), 1, "a pattern");
    assert.equal(guarded({ ...beside, some: { ...some, ...older, hostname: "p.test" }, wild: V }, "wild"), 1);
    assert.equal(guarded({ ...beside, wild, pattern, exact }, "exact"), 1, "behind a pattern");
  }
  const apart = { ...younger, methods: ["PUT"] };
  assert.equal(guarded({ older, apart }, "apart"), undefined, "no request is for both");
  const other = { ...younger, match_headers: ["x-a"], methods: undefined };
  assert.equal(guarded({ older, other }, "other"), undefined, "it is tried later");
});

Deno.test("what serves every host leaves variants of a wildcard where a pattern finds them", () => {
  const every = { hostname: "e.test", default_host: true };
  const wild = { hostname: "*.a.test", methods: ["POST"], deny_from: ["10.0.0.0/8"] };
  for (const beside of [{}, { every }]) {
    const { model } = build({ ...beside, wild });
    const behind = model.routes.find(({ key }) => key.startsWith("?wild/"));
    assert.equal(behind?.key, "?wild/*.a.test/");
    assert.ok(model.variants.rows.has(`${behind?.backend}|*.a.test/` as never));
  }
});
