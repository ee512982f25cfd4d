import assert from "node:assert/strict";
import { decodeRoutes } from "../../../lib/docker/file/routes_text.ts";

const NAME = { path: "/etc/routes.yaml", fileName: "routes.yaml" };
const decode = (text: string) => decodeRoutes(text, NAME, 0);

async function viewsOf(text: string) {
  const read = await decode(text);
  assert.ok(read.ok, read.ok ? "" : read.why);
  return read.views;
}

const routesOf = async (text: string) =>
  (await viewsOf(text)).map(({ name, listed }) => [name, listed?.place, listed?.entry]);

async function whyNot(text: string): Promise<string> {
  const read = await decode(text);
  assert.ok(!read.ok);
  return read.why;
}

Deno.test("a file is a list of routes, or their names with a route behind each, in YAML or JSON", async () => {
  const nas = { hostname: "nas.test", servers: ["10.0.0.5:80"] };
  const place = (line: number) => `routes.yaml, line ${line}`;
  const yaml = "nas:\n  hostname: nas.test\n  servers: [10.0.0.5:80]\n";
  assert.deepEqual(await routesOf(yaml), [["nas@routes.yaml", place(1), nas]]);
  assert.deepEqual(await routesOf(JSON.stringify({ nas }, undefined, "\t")), [
    ["nas@routes.yaml", place(2), nas],
  ]);
  assert.deepEqual(await routesOf(`# first\n\n- hostname: nas.test\n  servers: [10.0.0.5:80]\n`), [
    ["nas.test@routes.yaml", place(3), nas],
  ]);
  assert.deepEqual(await routesOf(JSON.stringify([{ ...nas, name: "storage" }])), [
    ["storage@routes.yaml", place(1), { ...nas, name: "storage" }],
  ]);
});

Deno.test("a file with comments alone, or with an empty list, has no routes", async () => {
  for (const text of ["# nothing yet\n", "---\n", "{}", "[]"]) {
    assert.deepEqual(await routesOf(text), [], text);
  }
});

Deno.test("routes come in the order of the file, also where their names are numbers", async () => {
  const text =
    'b: {hostname: b.test}\n7: {hostname: c.test}\na: {hostname: a.test}\n"": {hostname: d.test}\n';
  assert.deepEqual((await routesOf(text)).map(([name]) => name), [
    "b@routes.yaml",
    "7@routes.yaml",
    "a@routes.yaml",
    "route-4@routes.yaml",
  ]);
});

Deno.test("two routes of one host have two names, and a name that is none is a number", async () => {
  const text = "- hostname: a.test\n- hostname: a.test\n- hostname: '*.b.test'\n- just a text\n";
  assert.deepEqual((await routesOf(text)).map(([name]) => name), [
    "a.test@routes.yaml",
    "a.test-2@routes.yaml",
    "route-3@routes.yaml",
    "route-4@routes.yaml",
  ]);
});

Deno.test("a mistake in the text is told with its line", async () => {
  assert.match(await whyNot("nas:\n  hostname: a\n  hostname: b\n"), /"hostname.*twice.*line 3, column 3/);
  assert.match(await whyNot("nas:\n  hostname: a\n servers: [x]\n"), /line 3/);
  assert.match(await whyNot('{"nas": {"hostname": "a"}'), /line 1/);
  assert.match(await whyNot("a: 1\n---\nb: 2\n"), /second document.*line 2/);
  assert.match(await whyNot("hostname: a.test\nservers: [10.0.0.1:80]\n"), /expected a list of routes/);
  assert.match(await whyNot("just a text"), /expected a list of routes/);
  assert.match(await whyNot("a: *nobody\n"), /nobody/);
});

Deno.test("a mistake of YAML is told in plain words, with what would be right, its line and its column", async () => {
  const mistakes: readonly (readonly [text: string, words: RegExp])[] = [
    ["nas:\n  hosts: [a.test\n  port: 80\n", /^a \[ has no \], expected .* \(line 3, column 3\)$/],
    ["nas:\n  hostname: a\n servers: []\n", /further left or right.*expected as many blanks.*line 3/],
    ["nas:\n\thostname: a\n", /begins with a tab, expected blanks.*line 2/],
    ["nas:\n  hostname: 'a\n", /^a ' has no second one.*line 3/],
    ["nas:\n  hostname:a\n  port: 80\n", /no colon on its line.*line 2/],
    ["nas:\n  hostname: @a\n", /expected quotes around the value.*line 2, column 13/],
    ["nas: {port: 80 hostname: a}\n", /expected a comma.*line 1/],
    [
      "nas:\n  servers: *them\n",
      /^\*them stands for nothing, expected &them above it \(line 2, column 12\)$/,
    ],
    ["nas: }\n", /^a } has no {/],
  ];
  for (const [text, words] of mistakes) assert.match(await whyNot(text), words, text);
});

Deno.test("each key of a route and each element of its lists has its line, and what an alias stands for has none", async () => {
  const text = `a:
  hostname: a.test

  allow_from:
    - 10.0.0.1
    - 10.0.0.2
  servers: &two
    - 10.0.0.5:80
b:
  servers: *two
  deny_from: [10.0.0.1, 10.0.0.2]
`;
  const [a, b] = (await viewsOf(text)).map(({ listed }) => [...listed?.lines ?? []]);
  assert.deepEqual(a, [
    ...[["hostname", 2], ["allow_from", 4], ["allow_from.0", 5], ["allow_from.1", 6], ["servers", 7]],
    ["servers.0", 8],
  ]);
  assert.deepEqual(b, [["servers", 10], ["deny_from", 11], ["deny_from.0", 11], ["deny_from.1", 11]]);
});

Deno.test("a file that is empty, as whoever writes it leaves it for a moment, is none of no routes", async () => {
  for (const text of ["", "\n"]) assert.match(await whyNot(text), /it is empty, expected \[\]/);
});

Deno.test("a mistake beside a hash of a password tells nothing of the text", async () => {
  const read = await decode(
    'nas:\n  basic_auth: ["me:$2y$10$abcdefghijklmnopqrstuv"\n  hostname: nas.test\n',
  );
  assert.ok(!read.ok && read.excerpt === undefined);
  assert.doesNotMatch(JSON.stringify(read), /abcdef/);
  assert.doesNotMatch(await whyNot('servers: [10.0.0.1:80]\nbasic_auth: ["me:secret"]\n'), /secret/);
});

Deno.test("what an anchor stands for may be used again", async () => {
  const text =
    "- hostname: a.test\n  servers: &two [10.0.0.1:80, 10.0.0.2:80]\n- hostname: b.test\n  servers: *two\n";
  const [, second] = await routesOf(text);
  assert.deepEqual(second?.[2], { hostname: "b.test", servers: ["10.0.0.1:80", "10.0.0.2:80"] });
});

Deno.test("anchors within anchors, and brackets within brackets, are bounded", async () => {
  const levels = Array.from(
    { length: 12 },
    (_, at) =>
      at === 0
        ? "- &a0 [x, x, x, x, x, x, x, x, x, x]"
        : `- &a${at} [${Array(10).fill(`*a${at - 1}`).join(", ")}]`,
  );
  assert.match(await whyNot(levels.join("\n")), /alias/i);
  await whyNot("[".repeat(20_000));
  await whyNot("- ".repeat(20_000));
  const wide = `- &big [${Array(5_000).fill("x").join(", ")}]\n${"- { servers: *big }\n".repeat(5_000)}`;
  assert.match(await whyNot(wide), /more than 1000000 values/);
  const [long] = await viewsOf(`- {hostname: a.test, servers: [${Array(20_000).fill("x").join(", ")}]}`);
  assert.equal(long?.listed?.flaw, "says more than 10000 values");
  const circle = await decode("- &me {hostname: a.test, servers: *me}\n");
  assert.ok(!circle.ok || circle.views[0]?.listed?.flaw !== undefined);
});

Deno.test("a file of thousands of routes is read in the time that its length takes", async () => {
  const text = Array.from({ length: 5_000 }, (_, at) => `r${at}: {hostname: h${at}.test}\n`).join("");
  const routes = await routesOf(text);
  assert.deepEqual([routes.length, routes.at(-1)?.[1]], [5_000, "routes.yaml, line 5000"]);
});

Deno.test("a file's routes are older than any container, and stay themselves as long as their names do", async () => {
  const [first, second] = await viewsOf("a: {}\nb: {}\n");
  const [moved] = await viewsOf("b: {}\n");
  assert.ok(first && second && moved && first.createdAt < second.createdAt);
  assert.ok(second.createdAt < Date.parse("0001-01-01T00:00:00Z"));
  assert.equal(moved.id, second.id);
});

Deno.test("a merge key in the place of a name is no route", async () => {
  const text = "a: &a {hostname: a.test, servers: [10.0.0.5:80]}\n<<: *a\n";
  const [, merged] = await viewsOf(text);
  assert.equal(merged?.listed?.entry, undefined);
  assert.match(merged?.listed?.flaw ?? "", /merges nothing/);
});

Deno.test("a file that names an older YAML is read as the new one", async () => {
  const text = "%YAML 1.1\n---\n- {hostname: a.test, ssl_only: no, <<: {ssl_only: true}}\n";
  assert.deepEqual((await routesOf(text)).map(([, , entry]) => entry), [
    { hostname: "a.test", ssl_only: "no", "<<": { ssl_only: true } },
  ]);
});
