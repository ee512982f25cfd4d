/** `signalbox explain URL`: what becomes of a request, for people and for programs. */
import assert from "node:assert/strict";
import { inspected, World } from "./world.ts";

const SAID = [
  inspected("web", "www.example.com", { ssl_only: true, context_root: "/app", context_root_rewrite: true }),
  inspected("canary", "", { hosts: ["*.example.org"], share: 25 }),
  inspected("shop", "", { hosts: ["*.example.org"], allow_from: ["10.0.0.0/8"] }),
];
const explain = (world: World, ...args: readonly string[]) =>
  world.run(["explain", "--snapshot", "snapshot.json", ...args]);
const CERT = ["--trusted-proxies", "192.0.2.1"];

Deno.test("explain URL tells the route, each rule with who asks for it, and who answers", async () => {
  await using world = await World.make(...SAID);
  const plain = await explain(world, "http://www.example.com/app/x?y=1", ...CERT);
  assert.deepEqual([plain.code, plain.stderr], [0, ""]);
  assert.equal(
    plain.stdout,
    `GET http://www.example.com/app/x?y=1
  route: www.example.com/app of web, found by its host and path (id www.example.com:app)
  1. redirects plain HTTP to HTTPS [ssl_only: true ("ssl_only" of INTERLOCK_DATA of the container "web")]
  answer: 308 to https://www.example.com/app/x?y=1: redirects plain HTTP to HTTPS
`,
  );
  const tls = await explain(world, "https://www.example.com/app/x?y=1", ...CERT);
  assert.match(
    tls.stdout,
    /answer: the container of www\.example\.com:app, which gets \/x\?y=1 for the host www\.example\.com\n {4}web at 172\.17\.0\.2:80\n$/,
  );
  const nobody = await explain(world, "http://nobody.test/x");
  assert.match(nobody.stdout, /\n {2}no route; looked for nobody\.test\/x, .*\*\/x\n {2}answer: 404: /);
});

Deno.test("explain URL names routes near one that is not there: paths of its host, else hosts with a slip", async () => {
  const paths = ["/app", "/app/new", "/b", "/c", "/d", "/e", "/f"];
  await using world = await World.make(
    ...paths.map((path) =>
      inspected(`of${path.replaceAll("/", "-")}`, "www.example.com", { context_root: path })
    ),
    inspected("shop", "shop.example.org", {}),
    inspected("wild", "", { hosts: ["*.example.net"] }),
  );
  const near = async (url: string) =>
    /^ {2}routes near it: (.*)$/m.exec((await explain(world, url)).stdout)?.[1];
  assert.equal(
    await near("http://www.example.com/app_new/x"),
    "www.example.com/app of of-app, www.example.com/app/new of of-app-new, www.example.com/b of of-b, " +
      "www.example.com/c of of-c, www.example.com/d of of-d and 2 more",
  );
  for (const slip of ["shpo", "sho", "shopp", "shap", "www.shop"]) {
    assert.equal(await near(`http://${slip}.example.org/x`), "shop.example.org of shop", slip);
  }
  assert.equal(await near("http://a.exmple.net/"), "*.example.net of wild");
  assert.match(String(await near("http://example.com/f")), /^www\.example\.com\/f of of-f, /);
  for (const url of ["http://nobody.test/", "http://shop.example.org/", "http://store.example.org/"]) {
    assert.equal(await near(url), undefined, url);
  }
  const { stdout } = await explain(world, "http://shpo.example.org/", "--json");
  assert.deepEqual(JSON.parse(stdout).near, [{ name: "shop.example.org", claimedBy: "shop" }]);
});

Deno.test("explain URL tells each way that chance may take, and what depends on the client", async () => {
  await using world = await World.make(...SAID);
  const { stdout } = await explain(world, "http://a.example.org/");
  assert.match(
    stdout,
    /\n {2}25 of 100 such requests:\n {4}route: \*\.example\.org \(variant [0-9a-f]+\) of canary/,
  );
  assert.match(
    stdout,
    /\n {2}75 of 100 such requests:\n {4}route: \*\.example\.org of shop, found by a wildcard/,
  );
  assert.match(
    stdout,
    /1\. lets clients in by their addresses.*; others get 403 \[allow_from: 10\.0\.0\.0\/8/,
  );
  const refused = await explain(world, "http://a.example.org/", "--from", "192.0.2.7", "--json");
  const { ways } = JSON.parse(refused.stdout) as { ways: { answer: unknown; percent: number }[] };
  assert.deepEqual(
    ways.map(({ answer }) => answer),
    [25, 75].map(() => ({
      by: "haproxy",
      status: 403,
      why: "refuses clients of 192.0.2.7",
    })),
  );
});

Deno.test("a request that cannot be one is wrong usage, and so are its flags without a URL", async () => {
  await using world = await World.make(...SAID);
  const complaints: readonly (readonly [readonly string[], RegExp])[] = [
    [["ftp://www.example.com/"], /cannot explain "ftp:.*expected a URL such as https:/],
    [["http://a b/"], /expected a URL such as/],
    [["http://a.test/", "--method", "GET /"], /expected a method such as POST/],
    [["http://a.test/", "--header", "X"], /expected headers such as 'X-Canary: yes'/],
    [["http://a.test/", "--from", "example.com"], /expected the address of a client/],
    [
      ["www.example.com", "--method", "POST"],
      /--method, --header and --from are about a request: expected a URL/,
    ],
  ];
  for (const [args, complaint] of complaints) {
    const { code, stderr, stdout } = await explain(world, ...args);
    assert.deepEqual([code, stdout], [2, ""], args.join(" "));
    assert.match(stderr, complaint);
    assert.equal(stderr.trimEnd().split("\n").length, 1);
  }
});

Deno.test("hostile text of a request moves no cursor", async () => {
  await using world = await World.make(...SAID);
  const { stdout } = await explain(
    world,
    "http://a.example.org/\u001b[31m\u202e",
    "--header",
    "X-A: \u202eb",
  );
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(stdout, /[\u001b\u202e]/);
});

Deno.test("services of compose files are explained before they run, with the names of variables in place of what they hold", async () => {
  await using world = await World.make();
  await world.write(".env", "TEAM=secret.example.com\n");
  await world.write(
    "compose.yaml",
    `
services:
  shop:
    hostname: shop.example.com
    expose: [80]
    labels: { interlock.alias_domain: "\${TEAM}", interlock.allow_from: 10.0.0.0/8 }
  lost: { image: busybox, expose: [80] }
`,
  );
  const of = (...args: readonly string[]) => world.run(["explain", "--compose", "compose.yaml", ...args]);
  const refused = await of("http://shop.example.com/", "--from", "192.0.2.7");
  assert.deepEqual([refused.code, refused.stderr], [0, ""]);
  assert.match(refused.stdout, /\n {2}answer: 403: refuses clients of 192\.0\.2\.7\n/);
  assert.match(
    (await of("http://shop.example.com/", "--from", "10.1.2.3")).stdout,
    /\n {4}shop at shop:80\n/,
  );
  const shop = await of("shop");
  assert.match(shop.stdout, /\$\{TEAM\}/);
  assert.doesNotMatch(shop.stdout, /secret/);
  assert.match((await of("lost")).stdout, /serves nothing: it names no host/);
  assert.equal((await of("--snapshot", "snapshot.json")).code, 2);
});
