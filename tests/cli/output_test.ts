/** What the command line writes, and where it does not. */
import assert from "node:assert/strict";
import { inspected, World } from "./world.ts";

const WEB = inspected("web", "www.example.com");

Deno.test("--output through a link writes what the link leads to, and leaves the link", async () => {
  await using world = await World.make(WEB);
  await world.write("kept/real.cfg", "before");
  await Deno.symlink(`${world.folder}/kept/real.cfg`, `${world.folder}/link.cfg`);
  assert.equal((await world.render(["--output", "link.cfg"])).code, 0);
  assert.match(await world.read("kept/real.cfg"), /^# Written by signalbox/);
  assert.ok((await Deno.lstat(`${world.folder}/link.cfg`)).isSymlink);
});

Deno.test("--output overwrites no device, no other file of its own, and needs a name", async () => {
  await using world = await World.make(WEB);
  // A link to a device is as good as one, and harms nobody if it is overwritten.
  await Deno.symlink("/dev/null", `${world.folder}/null`);
  for (const output of ["null", "out/hosts.map", ""]) {
    const { code, stderr } = await world.render(["--output", output]);
    assert.deepEqual([code, stderr.split("\n").length], [2, 2], stderr);
    assert.match(stderr, /^error: --output /);
  }
  assert.ok((await Deno.lstat(`${world.folder}/null`)).isSymlink);
  assert.ok((await Deno.stat("/dev/null")).isCharDevice);
});

Deno.test("with --json an error is a document on standard output too, and one line on standard error", async () => {
  await using world = await World.make(WEB);
  const wrong = [["--http-port", "http"], ["--diff", "nothing.cfg"], ["--htpp-port", "80"]];
  for (const args of wrong) {
    const { code, stdout, stderr } = await world.render(["--json", ...args]);
    assert.equal(code, 2);
    const { error } = JSON.parse(stdout) as { error: string };
    assert.ok(error.length > 0 && stderr.includes(error), `${stderr} has ${error}`);
    assert.equal(stderr.trim().split("\n").length, 1);
  }
});

Deno.test("a snapshot file may begin with the mark that some editors put there", async () => {
  await using world = await World.make(WEB);
  const { stdout } = await world.render();
  await world.write("snapshot.json", `\ufeff${await world.read("snapshot.json")}`);
  assert.deepEqual(await world.render(), { code: 0, stdout, stderr: "" });
});

Deno.test("a name that is looked up is a line of nobody's log", async () => {
  await using world = await World.make(WEB);
  const { code, stderr } = await world.render(["--backend-address", "localhost"]);
  assert.deepEqual([code, stderr], [0, ""]);
});

Deno.test("run on a snapshot that cannot be used from the start is wrong usage, and starts nothing", async () => {
  await using world = await World.make();
  await world.write("broken.json", "[{]");
  for (const [name, stdin] of [["broken.json", ""], ["nothing.json", ""], ["-", ""]] as const) {
    const args = ["run", "--snapshot", name, "--state-dir", "state", "--http-port", "1"];
    const { code, stderr } = await world.run(args, { stdin });
    assert.equal(code, 2, stderr);
    assert.match(stderr, name === "-" ? /snapshot standard input/ : new RegExp(`snapshot "${name}"`));
  }
  await assert.rejects(Deno.stat(`${world.folder}/state`), Deno.errors.NotFound);
});

Deno.test("explain of a host that a container cannot serve says why, however the host is written", async () => {
  await using world = await World.make(WEB, inspected("bad", "bad.example.com", { port: 81 }));
  for (const host of ["bad.example.com", "http://bad.example.com/", "bad.example.com/v1"]) {
    const { code, stdout } = await world.run(["explain", "--snapshot", "snapshot.json", host]);
    assert.equal(code, 0);
    assert.match(stdout, /^bad \(bad0+\)\n {2}serves nothing: port 81 is not there/);
  }
});
