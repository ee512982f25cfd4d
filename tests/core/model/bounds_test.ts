/** What one container can make signalbox keep and do is bounded, whatever it writes; counted, never timed. */
import assert from "node:assert/strict";
import { buildModel } from "../../../lib/core/model/build_model.ts";
import { ModelMemory } from "../../../lib/core/model/model_memory.ts";
import type { ContainerView } from "../../../lib/core/snapshot/snapshot.ts";
import { renderServer } from "../../../lib/core/config/section_server.ts";
import { compileTemplates } from "../../../lib/core/config/templates.ts";
import { container, SETTINGS } from "../containers.ts";

const RENDERING = { templates: compileTemplates({}), version: SETTINGS.haproxyVersion };

const build = (containers: readonly ContainerView[], memory?: ModelMemory) =>
  buildModel(
    { containers, stopping: new Set(), starting: new Set() },
    SETTINGS,
    undefined,
    undefined,
    memory,
  );

const many = (number: number, text: (at: number) => string) =>
  Array.from({ length: number }, (_, at) => text(at)).join(",");

/** Each is what one container may write, up to what is read of it. */
const RUBBISH: Readonly<Record<string, Partial<ContainerView>>> = {
  "keys that nobody knows": { interlockData: `{${many(6_900, (at) => `"k${at}":1`)}}` },
  "the same in a list": { interlockData: `[${many(5_000, (at) => `{"k${at}":1}`)}]` },
  "lists in a list": { interlockData: `[${many(9_000, () => "[]")}]` },
  "wrong elements of lists": {
    interlockData: `[${many(60, () => `{"alias_domains":[${many(300, () => '"!"')}]}`)}]`,
  },
  "wrong values": {
    interlockData: `[${many(100, () => '{"warm":5,"check":5,"weight":"x","network":5,"port":0}')}]`,
  },
  "labels that nobody knows": {
    labels: Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`interlock.junk${at}`, "x"])),
  },
  "a hundred thousand labels": {
    labels: Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`interlock.junk${at}`, "x"])),
  },
  "label routes without a host": {
    labels: Object.fromEntries(Array.from({ length: 900 }, (_, at) => [`interlock.r${at}.domain`, "!"])),
  },
  "aliases that another has": {
    interlockData: `[${
      many(
        20,
        (at) => `{"hostname":"h${at}.com","alias_domains":[${many(150, (alias) => `"a${alias}.com"`)}]}`,
      )
    }]`,
  },
  "options that differ": {
    interlockData: `[${many(60, (at) => `{"hostname":"web.example.com","check_interval":${1_000 + at}}`)}]`,
  },
};

const OWNER = container("owner", {
  interlockData: `{"alias_domains":[${many(150, (alias) => `"a${alias}.com"`)}]}`,
});

for (const [what, given] of Object.entries(RUBBISH)) {
  Deno.test(`a container has twenty notices and their number at most: ${what}`, () => {
    const { notices } = build([OWNER, container("web", { createdAt: 1, ...given })]);
    assert.ok(notices.length >= 1 && notices.length <= 21, `${notices.length} notices`);
    assert.deepEqual([...new Set(notices.map(({ subject }) => subject))], ["web"]);
    for (const { message } of notices) assert.ok(message.length < 1_000, message);
    if (notices.length === 21) {
      assert.match(notices.at(-1)?.message ?? "", /^has [0-9]+ more notices? than are shown$/);
    }
  });
}

/** A hundred containers of 64 kB each; every one writes its own. */
const hundred = (): ContainerView[] =>
  Array.from({ length: 100 }, (_, at) =>
    container(`r${100 + at}`, {
      createdAt: at,
      interlockData: `{"hostname":"h${at}.com",${many(5_500, (key) => `"k${at}_${key}":1`)}}`,
    }));

Deno.test("what is kept of a hundred containers of rubbish is a hundredth of what they wrote", () => {
  const containers = hundred();
  const { notices } = build(containers);
  const written = containers.reduce((sum, { interlockData }) => sum + (interlockData?.length ?? 0), 0);
  const kept = JSON.stringify(notices).length;
  assert.ok(written > 6_000_000, String(written));
  assert.ok(kept * 100 < written, `${kept} of ${written} characters`);
});

Deno.test("a change beside a hundred containers of rubbish makes none of their notices again", () => {
  const memory = new ModelMemory(SETTINGS);
  const containers = hundred();
  const before = build(containers, memory);
  const after = build([...containers, container("new", { createdAt: 1_000 })], memory);
  assert.equal(after.notices.length, before.notices.length);
  assert.ok(after.notices.every((notice, at) => notice === before.notices[at]), "the very same objects");
});

Deno.test("a container has so many aliases at most, of all of its routes, and its other routes stay", () => {
  const words = `[${
    many(20, (at) =>
      `{"hostname":"h${at}.com","alias_domains":[${
        many(150, (alias) => `"a${at}x${alias}.com"`)
      }]}`)
  }]`;
  const { model, notices } = build([container("web", { interlockData: words })]);
  assert.equal(model.routes.length, 20 + 256);
  assert.deepEqual(notices.map(({ message }) => message), [
    "asks for 3000 aliases, redirects and further paths, at most 256 are served",
  ]);
});

Deno.test("a container has so many redirects at most, of all of its routes, and fewer by patterns", () => {
  const words = `[${
    many(12, (at) =>
      `{"hostname":"h${at}.com","redirects":[${
        many(100, (other) =>
          `"a${at}x${other}.com h.c","~/${at}/${other} /x"`)
      }]}`)
  }]`;
  const { model, notices } = build([container("web", { interlockData: words })]);
  assert.equal(model.routes.length, 12 + 256);
  assert.equal(model.backends.flatMap(({ options }) => options.redirects ?? []).length, 32);
  assert.deepEqual(
    notices.filter(({ code, message }) => code === "too-many" && message.startsWith("asks")).map((
      { message },
    ) => message),
    [
      "asks for 1200 aliases, redirects and further paths, at most 256 are served",
      "asks for 1200 redirects by patterns, at most 32 are served",
    ],
  );
});

Deno.test("further paths of a container count as its aliases do, and each route keeps its first one", () => {
  const routes = Array.from({ length: 60 }, (_, at) => ({
    hostname: `h${at}.com`,
    context_root: Array.from({ length: 16 }, (_, path) => `/p${path}`),
    alias_domains: [`a${at}.com`],
  }));
  const { model, notices } = build([container("web", { interlockData: JSON.stringify(routes) })]);
  assert.ok(model.routes.length > 250 && model.routes.length <= 60 + 256, `${model.routes.length}`);
  assert.equal(new Set(model.routes.map(({ host }) => host)).size >= 60, true);
  assert.match(notices.map(({ message }) => message).join(), /further paths, at most 256 are served/);
});

Deno.test("a container has so many rows of addresses at most, and its routes beyond are closed and not open", () => {
  // A network of 17 bits is eight rows.
  const words = `[${
    many(20, (at) =>
      `{"hostname":"h${at}.com","allow_from":[${many(10, (other) => `"${at}${other}::/17"`)}],` +
      `"deny_from":[${many(6, (other) => `"f${at}:${other}000::/17","${at}.0.0.${other}"`)}]}`)
  },{"hostname":"free.com"}]`;
  const { model, notices } = build([container("web", { interlockData: words })]);
  // Each of them has 10 * 8 + 6 * 9 rows.
  assert.deepEqual(model.routes.map(({ host }) => host).sort(), [
    "free.com",
    ...Array.from({ length: 7 }, (_, at) => `h${at}.com`),
  ]);
  const told = notices.filter(({ code }) => code === "too-many").map(({ message }) => message);
  assert.match(told.join(), /^allow_from and deny_from need 2680 rows in HAProxy, at most 1024 have room/);
});

Deno.test("there are so many patterns of hosts at most, the oldest first", () => {
  const all = Array.from({ length: 40 }, (_, at) =>
    container(`c${at}`, {
      createdAt: at,
      interlockData: JSON.stringify({
        hostname: `c${at}.com`,
        host_regex: Array.from({ length: 9 }, (_, other) => `x${at}y${other}`),
      }),
    }));
  const { model, notices } = build(all);
  assert.equal(model.hostPatterns.length, 256);
  assert.deepEqual(model.hostPatterns.slice(0, 2), ["~x0y0", "~x0y1"]);
  const told = new Set(notices.map(({ message }) => message.replace(/x\d+y\d/, "X")));
  assert.deepEqual([...told].sort(), [
    "asks for 9 hosts by expressions, at most 8 are served",
    "pattern X is left out: older containers have 256 already",
  ]);
});

Deno.test("hosts of variants alone are one route each, however many paths what serves every host has", () => {
  const paths = Array.from({ length: 8 }, (_, at) => ({
    hostname: `p${at}.com`,
    default_host: true,
    context_root: Array.from({ length: 16 }, (_, path) => `/p${at}/${path}`),
  }));
  const hosts = Array.from({ length: 250 }, (_, at) => `v${at}.com`);
  const { model } = build([
    container("paths", { interlockData: JSON.stringify(paths) }),
    container("web", { createdAt: 1, interlockData: JSON.stringify({ hosts, match_headers: ["X-A: b"] }) }),
  ]);
  const isPlain = model.routes.filter(({ variant, isOnly }) => variant === undefined && isOnly !== true);
  assert.equal(isPlain.length, 2 * 8 * 16);
  assert.equal(model.routes.length, isPlain.length + 2 * hosts.length);
});

Deno.test("patterns are tried against hosts of variants so often at most, and in the next pass not again", () => {
  const patterns = Array.from({ length: 32 }, (_, at) =>
    container(`p${at}`, {
      interlockData: JSON.stringify({
        hostname: `p${at}.com`,
        host_regex: Array.from({ length: 8 }, (_, other) => `a[ab]*a[a-c]*x${at}[0-9]${"z".repeat(other)}.?`),
      }),
    }));
  const hosts = Array.from({ length: 200 }, (_, at) => `${"a".repeat(40)}.x-${100 + at}`);
  const web = container("web", {
    createdAt: 1,
    interlockData: JSON.stringify({ hosts, methods: ["POST"] }),
  });
  const memory = new ModelMemory(SETTINGS);
  const { matches } = memory;
  const set = matches.set.bind(matches);
  let tried = 0;
  matches.set = (key, value) => {
    tried++;
    return set(key, value);
  };
  const { model } = build([...patterns, web], memory);
  assert.equal(model.hostPatterns.length, 256);
  assert.equal(tried, Math.floor(65_536 / 46));
  build([...patterns, web], memory);
  assert.equal(tried, Math.floor(65_536 / 46), "they are remembered");
  build([...patterns.slice(1), web], memory);
  assert.ok(tried < 2 * Math.floor(65_536 / 46), "of other patterns too");
});

Deno.test("the number of notices that are not shown is right, whatever they are of", () => {
  const taken = Array.from({ length: 150 }, (_, at) => `"a${at}.com"`).join(",");
  const web = container("web", { createdAt: 1, interlockData: `{"alias_domains":[${taken}],"colour":1}` });
  const { notices } = build([OWNER, web]);
  assert.equal(notices.length, 21);
  // One is of the key that nobody knows.
  assert.equal(notices.at(-1)?.message, `has ${150 + 1 - 20} more notices than are shown`);
});

Deno.test("a change beside thousands of routes leaves their order, and the routes themselves", () => {
  const memory = new ModelMemory(SETTINGS);
  const [first, second, ...others] = Array.from(
    { length: 300 },
    (_, at) => container(`c${1_000 + at}`, { createdAt: at, hostname: `h${at * 7 % 300}.com` }),
  );
  assert.ok(first && second);
  const late = container("late", { createdAt: 1_000, hostname: "h150x.com" });
  const worlds = [
    [first, second, ...others],
    [first, second, ...others, late],
    [second, ...others, late],
    [second, ...others, late, { ...first, createdAt: 2_000 }],
    [first, second],
    [],
    [first, second, ...others],
  ];
  for (const world of worlds) {
    const { model } = build(world, memory);
    const alone = build(world).model;
    assert.deepEqual(model.routes, alone.routes);
    assert.deepEqual(model.backends, alone.backends);
  }
  const again = build([first, second, ...others], memory).model;
  assert.equal(again.routes, build([first, second, ...others], memory).model.routes, "the very same list");
});

Deno.test("of one container's variants so many lie above one, and those below are left out, closed where they are protected", () => {
  const labels = Array.from({ length: 30 }, (_, at) => `l${at}`);
  const hosts = labels.map((_, at) => `*.${labels.slice(0, at + 1).reverse().join(".")}.t`);
  const paths = Array.from({ length: 8 }, (_, at) => "/p".repeat(at + 1));
  for (const guard of [{}, { allow_from: ["10.0.0.0/8"] }]) {
    const isClosed = "allow_from" in guard;
    const many = { hosts, context_root: paths, methods: ["POST"], ...guard };
    const { model, notices } = build([
      container("web", { interlockData: JSON.stringify(many) }),
      container("other", {
        createdAt: 1,
        interlockData: JSON.stringify({ hostname: `a${hosts.at(-1)?.slice(1)}`, methods: ["PUT"] }),
      }),
    ]);
    const rows = [...model.variants.rows];
    const served = rows.filter(([, text]) => text !== "!");
    // A place has all of its wildcards and its paths above it: 33 together at most, itself among them.
    const kept = hosts.flatMap((_, at) => paths.filter((_, path) => (at + 1) * (path + 1) <= 33));
    assert.equal(new Set(served.map(([key]) => key.split("|")[1])).size, kept.length + 1);
    const most = Math.max(...served.map(([, text]) => text.split("\u241f").length));
    assert.ok(most <= 34 + 30, `${most}`);
    assert.equal(rows.length - served.length, isClosed ? hosts.length * paths.length - kept.length : 0);
    const told = notices.filter(({ code, subject }) => code === "too-many" && subject === "web");
    assert.match(told[0]?.message ?? "", isClosed ? /above one; they answer 403$/ : /above one$/);
  }
});

/** What the containers said, as it was read. */
const readings = (containers: readonly ContainerView[], memory?: ModelMemory) =>
  build(containers, memory).considered.map(({ attempts }) =>
    attempts.find(({ offer }) => offer)?.offer?.data
  );

Deno.test("the words of replicas are read once, also where something is wrong with them", () => {
  for (
    const words of [
      { interlockData: '{"hostname":"www.com","colour":1}' },
      { labels: { "interlock.hostname": "www.com", "interlock.colour": "x" } },
    ]
  ) {
    const [first, ...others] = readings(["a", "b", "c"].map((name) => container(name, words)));
    assert.notEqual(first, undefined);
    assert.ok(others.every((each) => each === first), "the very same object");
  }
});

Deno.test("words that were read in the last pass are not read again where a file is read anew", () => {
  const memory = new ModelMemory(SETTINGS);
  const views = () => [container("a", { interlockData: '{"hostname":"www.com","colour":1}' })];
  const [first, ...others] = [views(), views(), views()].flatMap((each) => readings(each, memory));
  assert.notEqual(first, undefined);
  assert.ok(others.every((each) => each === first), "the very same object");
});

Deno.test("each container's notices name it, though its words were read for another", () => {
  const words = { interlockData: '{"hostname":"www.com","colour":1}' };
  const { notices } = build([container("a", words), container("b", words)]);
  assert.deepEqual(notices.map(({ subject }) => subject), ["a", "b"]);
});

Deno.test("a container is checked 64 times a second at most, also on routes of others, and told so where it asks for more", () => {
  const hosts = Array.from({ length: 64 }, (_, at) => `h${at}.com`);
  const routes = (more: Readonly<Record<string, unknown>>, all = hosts) =>
    JSON.stringify(all.map((hostname) => ({ hostname, ...more })));
  const fast = { check_interval: 100 };
  const built = (containers: readonly ContainerView[]) => {
    const { model, notices } = build(containers);
    const intervals = (name: string) =>
      model.backends.flatMap((backend) =>
        backend.servers.filter(({ containerName }) => containerName === name).map((server) =>
          Number(/ inter (\d+)/.exec(renderServer(backend, server, RENDERING).line)?.[1])
        )
      );
    const codes = (name: string) => notices.filter(({ subject }) => subject === name).map(({ code }) => code);
    return { intervals, codes };
  };
  const rate = (intervals: readonly number[]) =>
    intervals.reduce((sum, interval) => sum + 1_000 / interval, 0);
  const alone = built([container("many", { interlockData: routes(fast) })]);
  assert.deepEqual([rate(alone.intervals("many")), alone.codes("many")], [64, ["too-many"]]);
  // Few routes, and long intervals, stay as they are.
  const few = built([container("few", { interlockData: routes(fast, hosts.slice(0, 6)) })]);
  assert.deepEqual([rate(few.intervals("few")), few.codes("few")], [60, []]);
  const slow = built([container("slow", { interlockData: routes({}) })]);
  assert.deepEqual([new Set(slow.intervals("slow")), slow.codes("slow")], [new Set([5_000]), []]);
  const owners = hosts.map((hostname, at) =>
    container(`o${at}`, { interlockData: JSON.stringify({ hostname, ...fast }) })
  );
  const beside = built([...owners, container("young", { createdAt: 1, interlockData: routes({}) })]);
  assert.equal(rate(beside.intervals("young")), 64);
  assert.deepEqual(beside.codes("young"), []);
  assert.deepEqual(beside.intervals("o1"), [100]);
});
