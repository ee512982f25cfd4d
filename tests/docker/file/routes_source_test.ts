import assert from "node:assert/strict";
import { RoutesSource } from "../../../lib/docker/file/routes_source.ts";
import { routesFiles } from "../../../lib/docker/file/routes_file.ts";
import { emptySnapshot, type Snapshot } from "../../../lib/core/snapshot/snapshot.ts";
import { type ContainerSource, SourceError, type Wake } from "../../../lib/ports.ts";
import { systemClock } from "../../../lib/clock.ts";
import { container } from "../../core/containers.ts";
import { eventually } from "../../harness/eventually.ts";

const RIGHT = "nas: {hostname: nas.test, servers: [10.0.0.5:80]}\n";
const WRONG = "nas: {hostname: nas.test, servers: [10.0.0.5:80]\n";

/** An engine that answers with the containers it is given, or not at all. */
class Engine implements ContainerSource {
  snapshot: Snapshot | undefined;

  follow = () => Promise.resolve();
  describe = () => [];

  observe(): Promise<Snapshot> {
    return this.snapshot === undefined
      ? Promise.reject(new SourceError("no engine answers"))
      : Promise.resolve(this.snapshot);
  }
}

async function withFile(
  text: string,
  prove: (
    at: { path: string; engine: Engine; source: RoutesSource; observe: () => Promise<string[]> },
  ) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-routes-" });
  try {
    const path = `${folder}/routes.yaml`;
    await Deno.writeTextFile(path, text);
    const engine = new Engine();
    engine.snapshot = { ...emptySnapshot, containers: [container("web")] };
    const source = new RoutesSource(engine, routesFiles([path]), systemClock);
    const observe = async () => {
      const { containers } = await source.observe({ reason: "resync" }, new AbortController().signal);
      return containers.map(({ name }) => name);
    };
    await prove({ path, engine, source, observe });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const noticesOf = ({ files }: RoutesSource) => files.flatMap(({ notice }) => notice?.message ?? []);

Deno.test("routes of a file stand beside the containers, and a changed file changes them", () =>
  withFile(RIGHT, async ({ path, observe }) => {
    assert.deepEqual(await observe(), ["nas@routes.yaml", "web"]);
    await Deno.writeTextFile(path, RIGHT.replace("nas:", "disk:"));
    assert.deepEqual(await observe(), ["disk@routes.yaml", "web"]);
    await Deno.writeTextFile(path, "[]");
    assert.deepEqual(await observe(), ["web"]);
  }));

Deno.test("a file that cannot be used keeps the routes that were read before, and says where it is wrong", () =>
  withFile(RIGHT, async ({ path, source, observe }) => {
    await observe();
    const ways = [
      [() => Deno.writeTextFile(path, ""), /it is empty/],
      [() => Deno.writeTextFile(path, WRONG), /line 2, column 1/],
      [() => Deno.writeTextFile(path, "x".repeat(600_000)), /has 600000 bytes, expected at most 524288/],
      [() => Deno.remove(path), /os error 2/],
      [() => Deno.mkdir(path), /no regular file/],
    ] as const;
    for (const [spoil, expected] of ways) {
      await spoil();
      assert.deepEqual(await observe(), ["nas@routes.yaml", "web"]);
      assert.match(noticesOf(source)[0] ?? "", expected);
      assert.equal(source.describe()[0]?.isConnected, false);
    }
    await Deno.remove(path);
    await Deno.writeTextFile(path, RIGHT);
    assert.deepEqual(await observe(), ["nas@routes.yaml", "web"]);
    assert.deepEqual(noticesOf(source), []);
  }));

Deno.test("routes of a file change while no engine answers, and the containers stay", () =>
  withFile(RIGHT, async ({ path, engine, observe }) => {
    await observe();
    engine.snapshot = undefined;
    await Deno.writeTextFile(path, RIGHT.replace("nas:", "disk:"));
    assert.deepEqual(await observe(), ["disk@routes.yaml", "web"]);
  }));

Deno.test("before an engine has answered, the routes of files are what is known", () =>
  withFile(RIGHT, async ({ engine, source, observe }) => {
    engine.snapshot = undefined;
    await assert.rejects(observe(), SourceError);
    assert.deepEqual(source.initial.containers.map(({ name }) => name), ["nas@routes.yaml"]);
  }));

Deno.test("the same text gives the same views, so that nothing is worked out again", () =>
  withFile(RIGHT, async ({ path, source, observe }) => {
    await observe();
    const [before] = source.files[0]?.views ?? [];
    await Deno.writeTextFile(path, RIGHT);
    await observe();
    assert.equal(source.files[0]?.views[0], before);
  }));

Deno.test("a file that changes, also by another in its place, wakes the loop and asks no engine", () =>
  withFile(RIGHT, async ({ path, source, observe }) => {
    await observe();
    const ending = new AbortController();
    const wakes: Wake[] = [];
    const following = source.follow({
      wake: (wake) => void wakes.push(wake),
      draining: () => undefined,
      expect: () => undefined,
    }, ending.signal);
    try {
      await eventually(() => wakes.length > 0, { what: "a wake" });
      wakes.length = 0;
      await Deno.writeTextFile(`${path}.new`, "");
      await Deno.rename(`${path}.new`, path);
      await eventually(() => wakes.length > 0, { what: "a wake" });
      assert.ok(wakes.every(({ ids }) => ids?.size === 0));
    } finally {
      ending.abort();
      await following;
    }
  }));

Deno.test("two files of one name are told apart, and one that is named twice is read once", () => {
  const files = routesFiles(["/a/routes.yaml", "/b/routes.yaml", "/a/routes.yaml"]);
  assert.deepEqual(files.map(({ name }) => name.fileName), ["1.routes.yaml", "2.routes.yaml"]);
});
