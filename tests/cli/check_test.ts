import assert from "node:assert/strict";
import { runProgram } from "../../lib/cli/program.ts";
import { inspected, World } from "./world.ts";

const COMPOSE = `services:
  web:
    image: nginx
    hostname: www.example.com
    expose: [80]
    labels:
      interlock.allow_from: 10.0.0.0/8
      interlock.alais_domain: example.com
  api:
    image: api
    labels:
      interlock.hostname: www.example.com
      interlock.context_root: /api
      interlock.redirect.1: old.example.com www.example.com
`;

async function worldOf(text: string, ...containers: readonly unknown[]): Promise<World> {
  const world = await World.make(...containers);
  await world.write("compose.yaml", text);
  return world;
}

/** Runs a command in this process, which is quicker; the folder's path is left out of what it prints. */
async function run({ folder, haproxy }: World, args: readonly string[]) {
  let [stdout, stderr] = ["", ""];
  const shown = (text: string) => text.replaceAll(`${folder}/`, "");
  const code = await runProgram(
    [...args.map((arg) => arg.replace(/^@/, `${folder}/`)), "--haproxy", haproxy],
    {
      env: () => undefined,
      out: (text) => {
        stdout += shown(text);
        return Promise.resolve();
      },
      err: (line) => void (stderr += `${shown(line)}\n`),
      isErrTerminal: false,
      isOutTerminal: false,
      stdin: () => Promise.resolve(""),
    },
  );
  return { code, stdout, stderr };
}

Deno.test("check says which hosts and paths each service would serve, with which guards, and what is wrong where", async () => {
  await using world = await worldOf(COMPOSE);
  const { code, stdout, stderr } = await run(world, ["check", "--project-name", "shop", "@compose.yaml"]);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.equal(
    stdout,
    `web (compose.yaml:2)
  serves www.example.com
  at web:80
  allow_from: 10.0.0.0/8 (label "interlock.allow_from")
api (compose.yaml:9)
  serves www.example.com/api
  at api:80
  redirects old.example.com to www.example.com with 308 (label "interlock.redirect")
compose.yaml:8: warning: web: label "interlock.alais_domain" is not known, did you mean "interlock.alias_domain"?
compose.yaml:9: info: api: its file names no port, and without Docker nobody knows which its image declares: 80 stands in its place; name it with "port", "expose" or "ports"
`,
  );
});

const OVERRIDE = `services:
  web:
    hostname: \${ANY_HOST:-}
    labels: {interlock.alais_domain: !reset null}
`;

Deno.test("check finds the file by itself, with the one that lies over it, and ends as render does", async () => {
  await using world = await worldOf(COMPOSE);
  const codeOf = async (...args: string[]) => (await run(world, ["check", ...args])).code;
  assert.deepEqual([await codeOf("@compose.yaml"), await codeOf("@compose.yaml", "--strict")], [0, 3]);
  await world.write(
    "compose.override.yaml",
    "services: {web: {labels: {interlock.alais_domain: !reset null}}}\n",
  );
  // Of the shell's variables, the program may read few by itself.
  await world.write("compose.override.yaml", OVERRIDE);
  const found = await world.run(["check", "--strict"], { env: { ANY_HOST: "any.example.com" } });
  assert.deepEqual([found.code, found.stderr], [0, ""], found.stdout);
  // What it holds is told to nobody.
  assert.match(found.stdout, /^ {2}serves \$\{ANY_HOST:-\}$/m);
  assert.doesNotMatch(found.stdout, /any\.example/);
  assert.deepEqual([await codeOf("@gone.yaml"), await codeOf("--format", "nope")], [2, 2]);
  await Deno.remove(`${world.folder}/compose.yaml`);
  const { code, stderr } = await world.run(["check"]);
  assert.equal(code, 2);
  assert.match(stderr, /^error: there is no compose\.yaml/);
});

Deno.test("two services of one host and path are told of where they disagree", async () => {
  await using world = await worldOf(`services:
  a: {hostname: www.example.com, expose: [80], labels: {interlock.alias_domain: x.example.com}}
  b:
    hostname: other.example.com
    expose: [80]
    labels:
      interlock.alias_domain: x.example.com
`);
  const { stdout } = await world.run(["check"]);
  assert.match(
    stdout,
    /^compose\.yaml:\d: warning: b: alias x\.example\.com is left out: the older container/m,
  );
});

Deno.test("annotations and reports hold what a file says as text, whatever it says", async () => {
  const evil = "::error::x\\n::set-output name=a::b %0A | ` <img src=x> @everyone";
  await using world = await worldOf(`services:
  web:
    hostname: www.example.com
    expose: [80]
    labels: {interlock.port: "${evil}"}
`);
  const outputOf = async (format: string) =>
    (await run(world, ["check", "@compose.yaml", "--format", format])).stdout;
  const github = await outputOf("github");
  assert.match(github, /^::warning file=compose\.yaml,line=5,title=signalbox::web: [^\n]*\n$/);
  assert.match(github, /%250A/);
  const markdown = await outputOf("markdown");
  const row = markdown.split("\n").find((line) => line.includes("compose.yaml:5")) ?? "";
  // Nothing of it is outside of code, and its bar ends no cell.
  assert.equal(row.replaceAll("\\|", "").split("|").length, 6);
  assert.doesNotMatch(row.replace(/(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, ""), /img|everyone|error/);
  const [issue, ...others] = JSON.parse(await outputOf("gitlab"));
  assert.deepEqual([others, issue.location, issue.severity], [
    [],
    { path: "compose.yaml", lines: { begin: 5 } },
    "major",
  ]);
  assert.match(issue.fingerprint, /^[0-9a-f]{64}$/);
  const json = JSON.parse(await outputOf("json"));
  assert.deepEqual([json.served.length, json.findings[0].code, json.findings[0].line], [1, "bad-value", 5]);
});

Deno.test("render --compose prints one config for the same files, whatever the folder; HAProxy takes it", async () => {
  await using world = await worldOf(COMPOSE);
  const render = (args: readonly string[]) => run(world, ["render", ...args]);
  const first = await render(["--compose", "@compose.yaml", "--validate"]);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /^ {4}# web\n {4}server www\.example\.com:\w+:80 web:80 /m);
  await world.write("elsewhere/compose.yaml", COMPOSE);
  assert.equal((await render(["--compose", "@elsewhere/compose.yaml"])).stdout, first.stdout);
  await render(["--compose", "@compose.yaml", "--output", "@rendered/"]);
  await world.write("compose.yaml", COMPOSE.replace("/api", "/v2"));
  const { code, stdout } = await render(["--compose", "@compose.yaml", "--diff", "@rendered/"]);
  assert.equal(code, 4);
  assert.match(stdout, /^-www\.example\.com\/api\/ /m);
  const both = await render(["--compose", "@compose.yaml", "--snapshot", "@snapshot.json"]);
  assert.deepEqual([both.code, both.stdout], [2, ""]);
});

Deno.test("check says what would change of a snapshot: hosts, guards, and whether by a reload", async () => {
  const old = inspected("shop-web-1", "www.example.com", {
    allow_from: ["10.0.0.0/8"],
    alias_domains: ["old.example.com"],
  });
  const other = inspected("other", "taken.example.com");
  const text = (rest: string) => `services: {web: {hostname: www.example.com${rest}}}\n`;
  await using world = await worldOf(text(""), old, other);
  const compare = async (...args: string[]) => {
    const all = ["check", "--project-name", "shop", "--against", "@snapshot.json", "@compose.yaml", ...args];
    const { code, stdout } = await run(world, all);
    return { code, lines: stdout.trimEnd().split("\n") };
  };
  const first = await compare();
  assert.deepEqual([first.code, first.lines.slice(-3)], [4, [
    "old.example.com goes (shop-web)",
    "www.example.com loses allow_from: 10.0.0.0/8",
    "at run time, without a reload",
  ]]);
  await world.write(
    "compose.yaml",
    text(
      ", labels: {interlock.balance_algorithm: leastconn, interlock.allow_from: 10.0.0.0/8, interlock.alias_domain: old.example.com}",
    ),
  );
  const reloaded = await compare();
  assert.match(reloaded.lines.at(-1) ?? "", /^by a reload: /);
  const same = text(", labels: {interlock.allow_from: 10.0.0.0/8, interlock.alias_domain: old.example.com}");
  await world.write("compose.yaml", same);
  const none = await compare();
  assert.deepEqual([none.code, none.lines.at(-1)], [0, "nothing would change"]);
  await world.write("compose.yaml", `${same.trimEnd().slice(0, -1)}, new: {hostname: new.example.com}}\n`);
  const more = JSON.parse((await compare("--format", "json")).lines.join("\n"));
  assert.deepEqual(more.against.changes, [{ kind: "comes", route: "new.example.com", detail: "shop-new" }]);
});

const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const PASSWORD = "correcthorse";

Deno.test("what variables hold is told in no format, whatever becomes of it: the text of the file stands in its place", async () => {
  await using world = await worldOf(`include: [{path: leaf.yaml, env_file: credentials}]
services:
  web:
    hostname: www.example.com
    expose: [80]
    environment: {INTERLOCK_DATA: '{"weight": 1, "sect": "\${secret_key}" "\${password}"}'}
    labels:
      interlock.balance_algorithm: "${"x".repeat(72)}\${password}"
`);
  await world.write("credentials", `secret_key=${SECRET}\npassword=${PASSWORD}\n`);
  await world.write(".env", `secret_key=${SECRET}\npassword=${PASSWORD}\n`);
  await world.write(
    "leaf.yaml",
    `services:
  leaf:
    hostname: \${password}.example.com
    expose: [80]
    labels:
      interlock.allow_from: "\${secret_key}"
      interlock.weight: "\${password:-ann:$$apr1$$abcdefgh$$QqQqQqQqQqQqQqQqQqQqQ.}"
      interlock.alias_domain: "x\${secret_key}y"
      interlock.context_root: "/\${password}"
    env_file: "\${secret_key}.env"
  good: {hostname: "good.\${password}.net", expose: [80], labels: {interlock.redirect.1: "a.example.com \${password}.net"}}
`,
  );
  const outputs: string[] = [];
  for (const format of ["text", "json", "github", "gitlab", "markdown"]) {
    outputs.push((await run(world, ["check", "@compose.yaml", "--format", format])).stdout);
  }
  await world.write("leaf.yaml", (await world.read("leaf.yaml")).replace(/ *env_file.*\n/, ""));
  for (const format of ["text", "json", "github", "gitlab", "markdown"]) {
    const args = ["check", "@compose.yaml", "--format", format, "--against", "@snapshot.json"];
    outputs.push((await run(world, args)).stdout);
  }
  outputs.push((await run(world, ["render", "--compose", "@compose.yaml"])).stderr);
  for (const output of outputs) assert.doesNotMatch(output, /jalr|nFEMI|K7MD|PxRf|PLEKEY|corr|horse|QqQq/i);
  const text = outputs[5] ?? "";
  assert.match(text, /label "interlock\.allow_from" .*\$\{secret_key\}/);
  assert.match(text, /^ {2}serves good\.\$\{password\}\.net$/m);
  assert.match(text, /^ {2}redirects a\.example\.com to \$\{password\}\.net/m);
  assert.match(text, /^good\.\$\{password\}\.net comes/m);
});

Deno.test("check says which route moves to another service, and which guard a route gets", async () => {
  const old = inspected("shop-old-1", "www.example.com");
  await using world = await worldOf(
    "services: {new: {hostname: www.example.com, expose: [80], labels: {interlock.allow_from: 10.0.0.0/8}}}\n",
    old,
  );
  const args = ["check", "--project-name", "shop", "--against", "@snapshot.json", "@compose.yaml"];
  const { code, stdout } = await run(world, args);
  assert.deepEqual([code, stdout.trimEnd().split("\n").slice(-3, -1)], [4, [
    "www.example.com moves from shop-old to shop-new",
    "www.example.com gets allow_from: 10.0.0.0/8",
  ]]);
});

Deno.test("a file that a compose file names is a regular one of at most a mebibyte", async () => {
  await using world = await worldOf("services: {}\n");
  await world.write("big.env", "#".repeat(1_048_577));
  await new Deno.Command("mkfifo", { args: [`${world.folder}/fifo`] }).output();
  const cases = [
    ["/dev/zero", /no regular file/],
    ["fifo", /no regular file/],
    ["/dev/stdin", /no regular file/],
    ["big.env", /more than 1048576 bytes/],
  ] as const;
  for (const [path, why] of cases) {
    await world.write("compose.yaml", `services:\n  web:\n    env_file: ${path}\n`);
    const { code, stdout } = await run(world, ["check", "@compose.yaml"]);
    assert.equal(code, 2, path);
    assert.match(stdout, /^compose\.yaml:3: error: env_file /, path);
    assert.match(stdout, why, path);
  }
});

Deno.test("check counts labels of deploy with --swarm, and without it says that a Swarm alone gives them", async () => {
  await using world = await worldOf(`services:
  web:
    expose: [80]
    label_file: web.labels
    deploy:
      labels:
        traefik.enable: "true"
        interlock.hostname: www.example.com
        interlock.allow_from: 10.0.0.0/8
`);
  await world.write("web.labels", "interlock.weight=2\ninterlock.prot=80\n");
  const alone = await run(world, ["check", "@compose.yaml"]);
  assert.equal(alone.code, 0);
  assert.match(alone.stdout, /^ {2}serves nothing: it names no host/m);
  assert.match(
    alone.stdout,
    /^compose\.yaml:8: info: web: labels under deploy count in a Swarm alone, .*--swarm/m,
  );
  assert.match(alone.stdout, /^web\.labels:2: warning: web: label "interlock\.prot" is not known/m);
  const swarm = await run(world, ["check", "--swarm", "@compose.yaml"]);
  assert.match(
    swarm.stdout,
    /^ {2}serves www\.example\.com\n {2}at web:80\n {2}allow_from: 10\.0\.0\.0\/8 /m,
  );
  assert.doesNotMatch(swarm.stdout, /under deploy/);
  const rendered = await run(world, ["render", "--swarm", "--compose", "@compose.yaml"]);
  assert.match(rendered.stdout, /^backend www\.example\.com$/m);
});

Deno.test("check shows where a service speaks to another tool alone, with the line for signalbox", async () => {
  await using world = await worldOf(`services:
  web:
    expose: [80]
    labels:
      traefik.enable: "true"
      traefik.http.routers.web.rule: Host(\`www.example.com\`)
  api:
    expose: [80]
    environment:
      VIRTUAL_HOST: api.example.com
      VIRTUAL_PORT: 3000
`);
  const { code, stdout } = await run(world, ["check", "--strict", "@compose.yaml"]);
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^compose\.yaml:6: info: web: has labels of Traefik, .* expected interlock\.hostname=www\.example\.com \(/m,
  );
  assert.match(
    stdout,
    /^compose\.yaml:10: info: api: has the variable VIRTUAL_HOST .*=api\.example\.com and interlock\.port=3000 \(/m,
  );
  const { stdout: explained } = await world.run(["explain", "--compose", "compose.yaml", "web"]);
  assert.match(explained, /^ {2}line to add: interlock\.hostname=www\.example\.com\n {2}info: .*Traefik/m);
});

Deno.test("check reads variables of --env-file, services of --profile, and what several files say together", async () => {
  await using world = await worldOf(`services:
  web: {hostname: "\${HOST}", expose: [80], labels: {interlock.context_root: /one}}
  tool: {hostname: tool.example.com, expose: [80], profiles: [debug]}
`);
  await world.write("over.yaml", "services: {web: {labels: [interlock.context_root=/two]}}\n");
  await world.write(".env", "HOST=env.example.com\n");
  await world.write("ci.env", "HOST=ci.example.com\n");
  const served = async (...args: string[]) => {
    const { code, stdout } = await run(world, ["check", "--format", "json", ...args]);
    assert.equal(code, 0, stdout);
    // What a variable holds is shown as the file has it; the config has its value.
    const names = JSON.parse(stdout).served.flatMap(({ hosts }: { hosts: string[] }) => hosts);
    const render = args.flatMap((each) =>
      each.startsWith("@") && each.endsWith(".yaml") ? ["--compose", each] : [each]
    );
    const config = (await run(world, ["render", ...render])).stdout;
    return [names.join(), [...config.matchAll(/^backend (?!_)(\S+)$/gm)].map(([, name]) => name).join()];
  };
  assert.deepEqual(await served("@compose.yaml"), ["${HOST}/one", "env.example.com:one"]);
  assert.deepEqual(await served("@compose.yaml", "@over.yaml"), ["${HOST}/two", "env.example.com:two"]);
  assert.deepEqual(await served("@compose.yaml", "--env-file", "@ci.env"), [
    "${HOST}/one",
    "ci.example.com:one",
  ]);
  assert.deepEqual(await served("@compose.yaml", "--profile", "debug"), [
    "${HOST}/one,tool.example.com",
    "env.example.com:one,tool.example.com",
  ]);
});

Deno.test("a container gets what another one loses: routes move, and others come and go", async () => {
  const [web, api] = [
    inspected("shop-web-1", "www.example.com", {
      alias_domains: ["api.example.com"],
      allow_from: ["10.0.0.0/8"],
    }),
    inspected("shop-api-1", "old.example.com"),
  ];
  await using world = await worldOf(
    `services:
  web: {hostname: www.example.com, expose: [80]}
  api: {hostname: api.example.com, expose: [80], labels: {interlock.allow_from: 10.0.0.0/8}}
`,
    web,
    api,
  );
  const args = [
    "check",
    "--project-name",
    "shop",
    "--against",
    "@snapshot.json",
    "--format",
    "json",
    "@compose.yaml",
  ];
  const { code, stdout } = await run(world, args);
  assert.equal(code, 4);
  assert.deepEqual(JSON.parse(stdout).against.changes, [
    { kind: "moves", route: "api.example.com", detail: "from shop-web to shop-api" },
    { kind: "goes", route: "old.example.com", detail: "shop-api" },
    { kind: "loses", route: "www.example.com", detail: "allow_from: 10.0.0.0/8" },
  ]);
});

/** A project with each kind of finding, against containers of which each kind of change is made. */
const WHOLE = `services:
  web:
    hostname: www.example.com
    expose: [80]
    labels:
      interlock.allow_from: 10.0.0.0/8
      interlock.alais_domain: example.com
      interlock.redirect.1: "old.example.com www.example.com/a|b"
  api:
    labels: {interlock.hostname: www.example.com, interlock.context_root: /api}
  none: {image: "x\${UNSET}"}
`;

for (const format of ["text", "json", "github", "gitlab", "markdown"]) {
  Deno.test(`check --format ${format} prints what its reader takes (UPDATE=1 writes it)`, async () => {
    await using world = await worldOf(
      WHOLE,
      inspected("shop-web-1", "www.example.com", { balance_algorithm: "leastconn" }),
      inspected("gone-web-1", "moved.example.com"),
      inspected("shop-gone-1", "gone.example.com"),
    );
    const args = [
      "check",
      "--project-name",
      "shop",
      "--against",
      "@snapshot.json",
      "--format",
      format,
      "@compose.yaml",
    ];
    const { code, stdout } = await run(world, args);
    assert.equal(code, 4);
    const golden = new URL(`./check_formats/${format}.txt`, import.meta.url);
    // It is made from the whole path of the file, too.
    const shown = stdout.replace(/(?<="fingerprint": ")[0-9a-f]{64}/g, "…");
    if (Deno.env.get("UPDATE") === "1") await Deno.writeTextFile(golden, shown);
    assert.equal(shown, await Deno.readTextFile(golden));
    if (format === "gitlab") {
      // GitLab's Code Quality report: these members, and these severities alone.
      for (const issue of JSON.parse(stdout)) {
        assert.deepEqual(Object.keys(issue), [
          "description",
          "check_name",
          "fingerprint",
          "severity",
          "location",
        ]);
        assert.ok(["info", "minor", "major", "critical", "blocker"].includes(issue.severity));
      }
    }
    // A workflow command is a line of its own (GitHub's runner).
    if (format === "github") {
      assert.match(stdout, /^(::(error|warning|notice) (file=[^\n]+,line=\d+,)?title=signalbox::[^\n]+\n)+$/);
    }
  });
}
