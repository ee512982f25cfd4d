/** What proves who somebody is stands in the files that HAProxy reads, for their owner alone, and in nothing that is printed. */
import assert from "node:assert/strict";
import { inspected, World } from "./world.ts";

const SECRET = /hunter2/;
const check = "httpchk GET /health HTTP/1.1\\r\\nHost:\\ a.test\\r\\nAuthorization:\\ hunter2";

const CONTAINERS = [
  inspected("plain", "office.example"),
  inspected("headers", "office.example", {
    context_root: "/a",
    request_headers: ["X-Env: prod", "Authorization: Bearer hunter2", "Cookie: sid=hunter2"],
    response_headers: { "Set-Cookie": "sid=hunter2" },
    check,
  }),
  inspected("asks", "asks.example", { forward_auth: "10.0.0.9:80/verify?token=hunter2" }),
  inspected("beta", "office.example", { match_headers: ["X-Api-Key: hunter2", "X-Canary: yes"] }),
  inspected("wrong", "wrong.example", {
    request_headers: ["Proxy-Authorization: Bearer hunter2", "Cookie hunter2"],
    forward_auth: "https://ann:hunter2@10.0.0.9/#hunter2",
    match_cookies: ["sid hunter2"],
    check: `${check}\\r\\nCookie hunter2`,
  }),
];

const modeOf = async (path: string) => ((await Deno.stat(path)).mode ?? 0) & 0o077;

Deno.test("what proves who somebody is stands in the files that are written, for their owner alone, and is printed nowhere", async () => {
  await using world = await World.make(...CONTAINERS);
  assert.equal((await world.render(["--output", "set/"])).code, 0);
  const names = ["haproxy.cfg", "routes.map", "variants.map"];
  for (const name of names) {
    assert.match(await world.read(`set/${name}`), SECRET, name);
    assert.equal(await modeOf(`${world.folder}/set/${name}`), 0, name);
  }
  assert.notEqual(await modeOf(`${world.folder}/set/hosts.map`), 0);

  const changed = JSON.stringify(CONTAINERS).replaceAll("Bearer hunter2", "Bearer hunter22")
    .replaceAll("X-Canary: yes", "X-Canary: no");
  await world.write("changed.json", changed);
  const file = ["--snapshot", "snapshot.json"];
  const commands: readonly (readonly string[])[] = [
    ["render", ...file],
    ["render", ...file, "--json"],
    ["render", "--snapshot", "changed.json", "--diff", "set/"],
    ["explain", ...file],
    ["explain", ...file, "--json"],
    ["check", "snapshot.json"],
    ["check", "snapshot.json", "--format", "json"],
    ["check", "snapshot.json", "--against", "changed.json"],
  ];
  for (const [name = "", ...args] of commands) {
    const haproxy = name === "render" ? ["--haproxy", world.haproxy] : [];
    const { stdout, stderr } = await world.run([name, ...args, ...haproxy]);
    assert.notEqual(stdout, "", `${name} ${args}: ${stderr}`);
    assert.doesNotMatch(stdout + stderr, SECRET, `${name} ${args}`);
    if (!args.includes("--diff")) continue;
    assert.match(stdout, /^\+office.example\S* X-Env: prod␞Authorization: …␞Cookie: … \(another\)$/m);
    assert.match(stdout, /hx-canary␝no/);
  }
});

Deno.test("without what proves who somebody is, all can be read that the files have", async () => {
  await using world = await World.make(inspected("office", "office.example", {
    request_headers: ["X-Env: prod"],
    check: "httpchk GET /health HTTP/1.1\\r\\nHost:\\ a.test",
    match_headers: ["X-Canary: yes"],
  }));
  assert.equal((await world.render(["--output", "set/"])).code, 0);
  for await (const { name } of Deno.readDir(`${world.folder}/set`)) {
    assert.notEqual(await modeOf(`${world.folder}/set/${name}`), 0, name);
  }
  const { stdout } = await world.render();
  assert.match(stdout, /http-check send hdr Host a.test$/m);
});
