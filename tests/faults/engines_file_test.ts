/** Commands that read engines which a file names: what each says of a wrong line, and of an engine that is away. */
import assert from "node:assert/strict";
import { FakeEngine } from "../docker/fake_engine.ts";
import { haproxies } from "../harness/haproxies.ts";
import { freePort } from "../harness/http.ts";
import { type Finished, type RunningProgram, runProgram, startProgram } from "../harness/program.ts";

/** Two engines, each with a container, and a file that a test writes. */
class Site implements AsyncDisposable {
  private constructor(readonly folder: string, readonly one: FakeEngine, readonly two: FakeEngine) {}

  static async open(): Promise<Site> {
    const folder = await Deno.makeTempDir({ prefix: "signalbox-site-" });
    const site = new Site(folder, await FakeEngine.start(), await FakeEngine.start());
    site.one.run("a1");
    site.two.run("b2");
    return site;
  }

  get urls(): readonly [string, string] {
    return [`unix://${this.one.path}`, `unix://${this.two.path}`];
  }

  async run(lines: readonly string[], ...words: readonly string[]): Promise<Finished> {
    await Deno.writeTextFile(`${this.folder}/engines`, `${lines.join("\n")}\n`);
    return await this.ask(...words);
  }

  ask(...words: readonly string[]): Promise<Finished> {
    const flags = ["--docker-hosts-file", `${this.folder}/engines`];
    return runProgram([...words, ...flags, ...words[0] === "snapshot" ? [] : ["--state-dir", this.folder]]);
  }

  /** Runs signalbox, without ports that others may have. */
  async start(lines: readonly string[]): Promise<RunningProgram> {
    await Deno.writeTextFile(`${this.folder}/engines`, `${lines.join("\n")}\n`);
    const ports = ["--http-port", `${freePort()}`, "--haproxy", (await haproxies())[0]?.path ?? "haproxy"];
    return startProgram([
      "run",
      "--docker-hosts-file",
      `${this.folder}/engines`,
      "--state-dir",
      this.folder,
      ...ports,
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.one[Symbol.asyncDispose]();
    await this.two[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("each container is told with its engine, and a snapshot of several engines says the same", async () => {
  await using site = await Site.open();
  const { code, stdout, stderr } = await site.run(site.urls, "explain");
  assert.equal(code, 0, stderr);
  for (const [at, name] of [[0, "ca1"], [1, "cb2"]] as const) {
    assert.match(stdout, new RegExp(`^${name} \\([0-9a-f]{12}\\) of ${site.urls[at]}$`, "m"));
  }
  const saved = await site.ask("snapshot");
  await Deno.writeTextFile(`${site.folder}/snapshot.json`, saved.stdout);
  const again = await runProgram(["explain", "--json", "--snapshot", `${site.folder}/snapshot.json`]);
  const entries = JSON.parse(again.stdout) as { container: string; engine: string }[];
  assert.deepEqual(entries.map(({ container, engine }) => [container, engine]), [
    ["ca1", site.urls[0]],
    ["cb2", site.urls[1]],
  ]);
});

Deno.test("a wrong line is told with its number: explain goes on with the others, what is incomplete fails", async () => {
  await using site = await Site.open();
  const [one] = site.urls;
  const lines = [one, "tcp://10.0.0.5:2376 tls=no"];
  const explained = await site.run(lines, "explain");
  assert.equal(explained.code, 0, explained.stderr);
  assert.match(explained.stdout, /^ca1 /m);
  assert.match(explained.stderr, /^warning: \S+\/engines: line 2: "tls=no" is unknown/m);
  for (const command of ["snapshot", "doctor"]) {
    const { code, stdout, stderr } = await site.ask(command);
    assert.equal(code, command === "doctor" ? 1 : 2);
    assert.match(stdout + stderr, /line 2: "tls=no" is unknown/);
  }
});

Deno.test("an engine that is away is told: explain goes on with the others, a snapshot fails", async () => {
  await using site = await Site.open();
  const [one, two] = site.urls;
  site.two.answer = () => new Response("no", { status: 500 });
  const explained = await site.run([one, two], "explain");
  assert.equal(explained.code, 0, explained.stderr);
  assert.match(explained.stdout, /^ca1 /m);
  assert.match(explained.stderr, new RegExp(`^warning: ${two}: it does not answer, .*: 500 no$`, "m"));
  assert.equal((await site.ask("snapshot")).code, 1);
  site.one.answer = site.two.answer;
  assert.equal((await site.ask("explain")).code, 1, "there is nothing to explain");
});

Deno.test("a file that cannot be used at the start ends signalbox before it changes anything", async () => {
  await using site = await Site.open();
  for (const lines of [[""], ["# none"], ["10.0.0.5:2376"]]) {
    const { code, stderr } = await site.run(lines, "run");
    assert.equal(code, 2, stderr);
    assert.match(stderr, /^error: cannot use --docker-hosts-file "\S+\/engines": /m);
  }
  await Deno.remove(`${site.folder}/engines`);
  assert.equal((await site.ask("run")).code, 2);
});

Deno.test("a signalbox that runs explains what it has read, and no engine is asked again", async () => {
  await using site = await Site.open();
  await using running = await site.start(site.urls);
  await running.waitForEntry({ event: "reloaded" });
  const unknown = await site.ask("explain", "nobody");
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /no container is called "nobody"/);
  site.one.answer = site.two.answer = () => new Response("no", { status: 500 });
  const told = await site.ask("explain", "ca1", "--json");
  const [entry] = JSON.parse(told.stdout) as { container: string; hosts: string[]; live?: unknown }[];
  assert.deepEqual([entry?.container, entry?.hosts], ["ca1", ["ca1.example.com"]]);
  assert.ok(entry?.live);
  // Other rules than its own can be followed only by those who ask the engines.
  assert.equal((await site.ask("explain", "ca1", "--address", "published")).code, 1);
  await running.stop();
});
