import assert from "node:assert/strict";
import { program, runProgram } from "../harness/program.ts";
import { inspected, World } from "./world.ts";

const WEB = inspected("web", "www.example.com");
const NOTED = inspected("noted", "noted.example.com", { warm: "maybe" });

Deno.test("render prints haproxy.cfg on standard output and nothing else anywhere", async () => {
  await using world = await World.make(WEB);
  const { code, stdout, stderr } = await world.render();
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^# Written by signalbox/);
  assert.match(stdout, /server www\.example\.com:web000000000:80 172\.17\.0\.2:80 /);
});

Deno.test("a snapshot may come on standard input, as docker inspect prints it", async () => {
  await using world = await World.make();
  const args = ["render", "--snapshot", "-", "--haproxy-version", "2.6"];
  const { code, stdout } = await world.run(args, { stdin: JSON.stringify([WEB]) });
  assert.equal(code, 0);
  assert.match(stdout, /backend www\.example\.com\n/);
});

Deno.test("notices are lines on standard error and fail nothing, but for --strict", async () => {
  await using world = await World.make(NOTED);
  const plain = await world.render();
  const line =
    'warning: noted: "warm" of INTERLOCK_DATA is "maybe", expected true or false; the key is left out\n';
  assert.deepEqual([plain.code, plain.stderr], [0, line]);
  const strict = await world.render(["--strict"]);
  assert.deepEqual([strict.code, strict.stderr, strict.stdout], [3, line, plain.stdout]);
});

Deno.test("an info is no warning to --strict", async () => {
  await using world = await World.make(
    inspected("web", "www.example.com", { backend_options: ["forceclose"] }),
  );
  const { code, stderr } = await world.render(["--strict"]);
  assert.match(stderr, /^info: web: /);
  assert.equal(code, 0);
});

Deno.test("with --json standard output is one document with files and notices", async () => {
  await using world = await World.make(NOTED);
  const { stdout } = await world.render();
  const { code, stdout: json } = await world.render(["--json"]);
  const document = JSON.parse(json);
  assert.equal(code, 0);
  assert.equal(document.files["haproxy.cfg"], stdout);
  assert.match(document.files["hosts.map"], /^noted\.example\.com\/ noted\.example\.com$/m);
  assert.deepEqual(
    document.notices.map((notice: { subject: string; code: string }) => [notice.subject, notice.code]),
    [
      ["noted", "bad-value"],
    ],
  );
});

Deno.test("--output FOLDER/ writes the whole set, --output FILE the rest beside it", async () => {
  await using world = await World.make(WEB);
  const { stdout } = await world.render();
  for (const [output, file] of [["set/", "set/haproxy.cfg"], ["other/my.cfg", "other/my.cfg"]] as const) {
    const { code, stdout: printed } = await world.render(["--output", output]);
    assert.deepEqual([code, printed, await world.read(file)], [0, "", stdout], output);
    assert.match(await world.read(`${file.split("/")[0]}/hosts.map`), /www\.example\.com\//);
  }
});

Deno.test("a folder that is there needs no slash to be written into", async () => {
  await using world = await World.make(WEB);
  await Deno.mkdir(`${world.folder}/set`);
  assert.equal((await world.render(["--output", "set"])).code, 0);
  assert.match(await world.read("set/haproxy.cfg"), /^# Written by signalbox/);
});

Deno.test("writing again leaves the three files and nothing temporary", async () => {
  await using world = await World.make(WEB);
  for (let time = 0; time < 2; time++) assert.equal((await world.render(["--output", "set/"])).code, 0);
  const names = await Array.fromAsync(Deno.readDir(`${world.folder}/set`), (entry) => entry.name);
  assert.deepEqual(names.sort(), ["haproxy.cfg", "hosts.map", "last_try.lua"]);
});

Deno.test("an output that cannot be written fails with its path", async () => {
  await using world = await World.make(WEB);
  const { code, stderr } = await world.render(["--output", "snapshot.json/x.cfg"]);
  assert.equal(code, 1);
  assert.match(stderr, /^error: cannot write --output "snapshot\.json\/x\.cfg": .*\n$/);
});

Deno.test("--validate asks HAProxy, and is silent where it would load the config", async () => {
  await using world = await World.make(WEB);
  const { code, stderr } = await world.render(["--validate"]);
  assert.deepEqual([code, stderr], [0, ""]);
});

Deno.test("a config that HAProxy refuses fails with HAProxy's words on one line", async () => {
  await using world = await World.make(WEB);
  await world.write("templates/unknown_host.eta", "backend _unknown_host\n    no such thing\n");
  const { code, stderr } = await world.render(["--validate", "--templates", "templates"]);
  assert.equal(code, 1);
  assert.match(stderr, /^error: HAProxy [0-9.]+\S* refuses the config: .*haproxy\.cfg:[0-9]+.*\n$/);
});

Deno.test("a certificate that --validate does not find is named by its path", async () => {
  await using world = await World.make(WEB);
  const { code, stderr } = await world.render(["--validate", "--tls-cert", "missing/cert.pem"]);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`^error: .*${world.folder}/missing/cert\\.pem.*\n$`));
});

Deno.test("a template that cannot be used is named with its line", async () => {
  await using world = await World.make(WEB);
  await world.write("templates/server.eta", "one\n<%= it.nothing.at.all %>\n");
  const failing = await world.render(["--templates", "templates"]);
  assert.deepEqual([failing.code, failing.stdout], [1, ""]);
  assert.match(failing.stderr, /^error: template server\.eta failed: line 2 .*\n$/);
  await world.write("templates/server.eta", "one\n<% if ( {\n");
  const broken = await world.render(["--templates", "templates"]);
  assert.equal(broken.code, 1);
  assert.match(broken.stderr, /^error: template server\.eta cannot be compiled: .*\n$/);
});

Deno.test("--diff finds no difference in what was rendered before, and code 4 in what was not", async () => {
  await using world = await World.make(WEB);
  await world.render(["--output", "old/"]);
  const same = await world.render(["--diff", "old/haproxy.cfg"]);
  assert.deepEqual([same.code, same.stdout], [0, ""]);
  await world.write("snapshot.json", JSON.stringify([WEB, inspected("api", "api.example.com")]));
  const other = await world.render(["--diff", "old/"]);
  assert.equal(other.code, 4);
  assert.match(other.stdout, /^--- old\/haproxy\.cfg\t?\n\+\+\+ rendered\/haproxy\.cfg\t?\n@@/);
  assert.match(other.stdout, /^\+backend api\.example\.com$/m);
  assert.match(other.stdout, /^\+api\.example\.com\/ api\.example\.com$/m);
  assert.doesNotMatch(other.stdout, /^-[^-]/m);
});

Deno.test("--diff with --json tells whether it differs", async () => {
  await using world = await World.make(WEB);
  await world.render(["--output", "old/"]);
  await world.write("snapshot.json", "[]");
  const { code, stdout } = await world.render(["--diff", "old/haproxy.cfg", "--json"]);
  assert.deepEqual([code, JSON.parse(stdout).differs], [4, true]);
});

Deno.test("what comes through a pipe for --diff is compared with haproxy.cfg alone", async () => {
  await using world = await World.make(WEB);
  const { stdout: rendered } = await world.render();
  await world.write("old.cfg", rendered);
  const script = async (text: string) => {
    const flags = `--snapshot snapshot.json --haproxy '${world.haproxy}'`;
    const child = new Deno.Command("bash", {
      args: ["-c", `"$@" render ${flags} --diff <(${text})`, "bash", ...program()],
      cwd: world.folder,
      stdin: "null",
    });
    return (await child.output()).code;
  };
  assert.equal(await script("cat old.cfg"), 0);
  assert.equal(await script("sed s/roundrobin/leastconn/ old.cfg"), 4);
});

Deno.test("a file for --diff that is not there is wrong usage", async () => {
  await using world = await World.make(WEB);
  const { code, stderr } = await world.render(["--diff", "nothing.cfg"]);
  assert.equal(code, 2);
  assert.match(stderr, /^error: cannot read --diff "nothing\.cfg": .*\n$/);
});

const MALFORMED: [string, string][] = [["half a file", '[{"Id":'], ["no array", "5"], ["an empty file", ""]];
MALFORMED.push(["docker ps's JSON", '[{"Id": "a", "Names": ["/a"]}]'], ["another version", '{"version": 9}']);
for (const [what, text] of MALFORMED) {
  Deno.test(`a snapshot that is ${what} is wrong usage, in one line`, async () => {
    await using world = await World.make();
    await world.write("snapshot.json", text);
    const { code, stdout, stderr } = await world.render();
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^error: cannot use the snapshot "snapshot\.json": expected .*\n$/);
  });
}

Deno.test("a snapshot that is not there is wrong usage", async () => {
  await using world = await World.make();
  const { code, stderr } = await world.run(["render", "--snapshot", "nothing.json"]);
  assert.equal(code, 2);
  assert.match(stderr, /^error: cannot read the snapshot "nothing\.json": .*\n$/);
});

Deno.test("a Docker that does not answer is a failure that says what to do", async () => {
  for (const command of ["render", "snapshot", "explain"]) {
    const { code, stdout, stderr } = await runProgram([
      command,
      "--docker-host",
      "unix:///nowhere/docker.sock",
    ]);
    assert.deepEqual([code, stdout], [1, ""], command);
    assert.match(
      stderr,
      /^error: cannot read containers from Docker at unix:\/\/\/nowhere.*--docker-host.*\n$/,
    );
  }
});

Deno.test("an haproxy that is not there is no reason not to render, but to validate", async () => {
  await using world = await World.make(WEB);
  const args = ["render", "--snapshot", "snapshot.json", "--haproxy", "/nowhere/haproxy"];
  assert.equal((await world.run(args)).code, 0);
  const { code, stderr } = await world.run([...args, "--validate"]);
  assert.equal(code, 1);
  assert.match(stderr, /^error: cannot run haproxy at "\/nowhere\/haproxy": .*install HAProxy 2\.4.*\n$/);
});

Deno.test("a flag beats the environment, a name of ours beats Interlock's", async () => {
  await using world = await World.make(WEB);
  const env = { SIGNALBOX_HTTP_PORT: "8081", HAPROXY_PORT: "8082" };
  assert.match((await world.render([], env)).stdout, /bind :8081\n/);
  assert.match((await world.render(["--http-port", "8083"], env)).stdout, /bind :8083\n/);
  assert.match((await world.render([], { HAPROXY_PORT: "8082" })).stdout, /bind :8082\n/);
});

Deno.test("a password is named in the config and never written into it", async () => {
  await using world = await World.make(WEB);
  const file = await world.write("password", "s3cret word\n");
  for (const args of [["--stats-password", "s3cret word"], ["--stats-password-file", file]]) {
    const { code, stdout, stderr } = await world.render([...args, "--validate"]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /stats auth "stats:\$\{SIGNALBOX_STATS_PASSWORD\}"/);
    assert.doesNotMatch(stdout, /s3cret/);
  }
});
