/** Engines that come and go while they are followed, by a file of them. */
import assert from "node:assert/strict";
import { systemClock } from "../../../lib/clock.ts";
import type { Snapshot } from "../../../lib/core/snapshot/snapshot.ts";
import { HostsFile } from "../../../lib/docker/file/hosts_file.ts";
import { DockerSource } from "../../../lib/docker/follow/docker_source.ts";
import { FollowedEngines } from "../../../lib/docker/follow/followed_engines.ts";
import { WatchedHosts } from "../../../lib/docker/follow/watched_hosts.ts";
import type { Clock, Wake } from "../../../lib/ports.ts";
import { eventually } from "../../harness/eventually.ts";
import { Witness } from "../../harness/events.ts";
import { FakeEngine } from "../fake_engine.ts";
import { followerOf } from "../watch.ts";

/** Nobody waits long for quiet; how long first words may take is the test's. */
const clockWith = (firstWordMs: number): Clock => ({
  ...systemClock,
  after: (ms, callback) => systemClock.after(ms === 500 ? 20 : ms === 5_000 ? firstWordMs : ms, callback),
});

/** Engines of a file that are followed, as the controller does. */
class FileWatch implements AsyncDisposable {
  readonly report = new Witness();
  readonly source: DockerSource;
  /** The names of the containers, in each snapshot; `-` where there was none. */
  readonly seen: string[] = [];
  snapshot: Snapshot | undefined;
  readonly #ending = new AbortController();
  readonly #end: Promise<void>;
  #pass: Promise<unknown> = Promise.resolve();

  private constructor(readonly path: string, readonly fakes: readonly FakeEngine[], clock: Clock) {
    const file = new HostsFile(path, { isVerified: false, certPath: undefined }, []);
    const engines = new FollowedEngines({
      hosts: [],
      open: (url) => {
        const fake = fakes.find((each) => urlOf(each) === url);
        if (fake === undefined) throw new Error(url);
        return { follower: followerOf(fake, this.report, true, systemClock, undefined, url) };
      },
      clock,
    });
    this.source = new DockerSource(engines, { file: new WatchedHosts({ file, others: [], clock }) });
    this.#end = this.source.follow(
      { wake: (wake) => this.wake(wake), draining: () => {}, expect: () => {} },
      this.#ending.signal,
    );
    this.wake({ reason: "start" });
  }

  static async of(
    fakes: readonly FakeEngine[],
    lines: readonly string[],
    firstWordMs = 5_000,
  ): Promise<FileWatch> {
    const path = `${await Deno.makeTempDir({ prefix: "signalbox-hosts-" })}/engines`;
    await Deno.writeTextFile(path, lines.join("\n"));
    return new FileWatch(path, fakes, clockWith(firstWordMs));
  }

  wake(wake: Wake): void {
    this.#pass = this.#pass.then(() => this.source.observe(wake, this.#ending.signal)).then(
      (snapshot) => this.snapshot = snapshot,
      () => undefined,
    ).then(() => {
      const text = this.snapshot === undefined ? "-" : this.names;
      if (text !== this.seen.at(-1)) this.seen.push(text);
    });
  }

  async write(...lines: readonly string[]): Promise<void> {
    await Deno.writeTextFile(this.path, lines.join("\n"));
  }

  get names(): string {
    return this.snapshot?.containers.map(({ name }) => name).join(" ") ?? "";
  }

  async sees(names: string): Promise<void> {
    await eventually(() => this.names === names, { what: `containers ${names}` });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#end;
    await this.#pass;
    await Deno.remove(this.path.replace(/\/engines$/, ""), { recursive: true });
  }
}

const urlOf = ({ path }: FakeEngine) => `unix://${path}`;

Deno.test("engines come and go with the lines of a file, each with a stream and a state of its own", async () => {
  await using one = await FakeEngine.start();
  await using two = await FakeEngine.start();
  one.run("a1");
  two.run("b2");
  await using watch = await FileWatch.of([one, two], [urlOf(one)]);
  await watch.sees("ca1");
  await watch.write(urlOf(one), `${urlOf(two)} # the second`);
  await watch.sees("ca1 cb2");
  two.tell("start", two.run("c3"));
  await watch.sees("ca1 cb2 cc3");
  assert.deepEqual(
    watch.source.describe().map(({ name, containers, detail }) => [name, containers, detail]),
    [
      [urlOf(one), 1, "28.0.0, API 1.51"],
      [urlOf(two), 2, "28.0.0, API 1.51"],
      [watch.path, 0, "2 engines"],
    ],
  );
  await watch.write(urlOf(two));
  await watch.sees("cb2 cc3");
  await eventually(() => one.followers === 0, { what: "the stream of the first to be given up" });
  await watch.write("none");
  await watch.sees("");
  assert.deepEqual(watch.source.describe().map(({ detail }) => detail), ["0 engines"]);
});

Deno.test("a file that is empty, gone or half wrong takes no container away, and says so", async () => {
  await using one = await FakeEngine.start();
  await using two = await FakeEngine.start();
  one.run("a1");
  two.run("b2");
  await using watch = await FileWatch.of([one, two], [urlOf(one), urlOf(two)]);
  await watch.sees("ca1 cb2");
  const tells = (pattern: RegExp) =>
    eventually(() => pattern.test(watch.snapshot?.notices?.[0]?.message ?? ""), { what: `${pattern}` });
  await watch.write("");
  await tells(/names no engine/);
  await Deno.remove(watch.path);
  await tells(/os error 2/);
  await watch.write(urlOf(one), "unix:/missing/slashes");
  await tells(/^line 2: /);
  assert.deepEqual(watch.seen.at(-1), "ca1 cb2");
  await watch.write(urlOf(one));
  await watch.sees("ca1");
  assert.deepEqual(watch.snapshot?.notices, []);
});

Deno.test("of two engines that tell of one id, the first one's container counts, until it is gone", async () => {
  await using one = await FakeEngine.start();
  await using two = await FakeEngine.start();
  const host = () => watch.snapshot?.containers.map(({ hostname }) => hostname).join(" ");
  const [own, others] = [{ Hostname: "own.example" }, { Hostname: "others.example" }];
  const id = one.run("a1", own);
  two.run("a1", others);
  two.run("b2");
  await using watch = await FileWatch.of([one, two], [urlOf(one), urlOf(two)]);
  await watch.sees("ca1 cb2");
  assert.equal(host(), "own.example cb2.example.com");
  one.containers.delete(id);
  one.tell("destroy", id);
  await eventually(() => host() === "others.example cb2.example.com", { what: "the other engine's" });
});

Deno.test("an engine goes though no other answers, and what those that stay told last stands", async () => {
  await using one = await FakeEngine.start();
  await using two = await FakeEngine.start();
  one.run("a1");
  two.run("b2");
  await using watch = await FileWatch.of([one, two], [urlOf(one), urlOf(two)]);
  await watch.sees("ca1 cb2");
  for (const fake of [one, two]) {
    fake.answer = () => new Response("away", { status: 500 });
    fake.cut();
  }
  await eventually(() => watch.source.describe().filter(({ isConnected }) => !isConnected).length === 2, {
    what: "both to be lost",
  });
  await watch.write(urlOf(two));
  await watch.sees("cb2");
});

Deno.test("an engine that gets another URL keeps its containers: the old one goes when the new one was heard", async () => {
  await using one = await FakeEngine.start();
  await using two = await FakeEngine.start();
  one.run("a1");
  two.run("a1");
  const heard = Promise.withResolvers<void>();
  two.answer = (path) =>
    path === "/version"
      ? heard.promise.then(() =>
        Response.json({ Version: "28.0.0", ApiVersion: "1.51", MinAPIVersion: "1.24" })
      )
      : undefined;
  await using watch = await FileWatch.of([one, two], [urlOf(one)]);
  await watch.sees("ca1");
  await watch.write(urlOf(two));
  await eventually(() => two.requests.length > 0, { what: "the new one to be asked" });
  assert.equal(one.followers, 1, "the old one's word stands until then");
  heard.resolve();
  await eventually(() => one.followers === 0, { what: "the old one to go" });
  await watch.sees("ca1");
  assert.deepEqual(watch.seen.filter((names) => names !== "-"), ["ca1"]);
});

Deno.test("at the start nothing is taken from the slow ones: all are heard first, or have had their time", async () => {
  await using one = await FakeEngine.start();
  await using slow = await FakeEngine.start();
  await using away = await FakeEngine.start();
  one.run("a1");
  slow.run("b2");
  const heard = Promise.withResolvers<undefined>();
  const version = { Version: "28.0.0", ApiVersion: "1.51", MinAPIVersion: "1.24" };
  slow.answer = (path) => path === "/version" ? heard.promise.then(() => Response.json(version)) : undefined;
  away.answer = () => new Response("away", { status: 500 });
  {
    await using watch = await FileWatch.of([one, slow, away], [one, slow, away].map(urlOf));
    await eventually(() => one.followers === 1, { what: "the quick one to be followed" });
    assert.equal(watch.snapshot, undefined);
    heard.resolve(undefined);
    await watch.sees("ca1 cb2");
    assert.deepEqual(watch.seen, ["-", "ca1 cb2"]);
  }
  const end = Promise.withResolvers<Response>();
  slow.answer = (path) => path === "/version" ? end.promise : undefined;
  {
    await using watch = await FileWatch.of([one, slow, away], [one, slow, away].map(urlOf), 100);
    await watch.sees("ca1");
  }
  end.resolve(new Response(null));
});
