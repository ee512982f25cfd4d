/** An engine whose containers' own addresses lead nowhere from here, as of a rootless one: a network namespace without its bridge. */
import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { program } from "../harness/program.ts";

const OWN = "172.17.0.2";
const PUBLISHED = 39_101;

/** A network namespace with nothing but its loopback; what runs in it ends with it. */
class Namespace implements AsyncDisposable {
  readonly #children: Deno.ChildProcess[] = [];
  readonly #holder = this.#spawn(["unshare", "-n", "sleep", "300"]);

  #spawn(words: readonly string[]): Deno.ChildProcess {
    const [command = "", ...args] = words;
    const child = new Deno.Command(command, {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "null",
      cwd: "/",
    });
    const process = child.spawn();
    this.#children.push(process);
    return process;
  }

  #inside = (words: readonly string[]) => ["nsenter", "-t", `${this.#holder.pid}`, "-n", ...words];

  start(...words: readonly string[]): Deno.ChildProcess {
    return this.#spawn(this.#inside(words));
  }

  async ask(...words: readonly string[]): Promise<string> {
    const [command = "", ...args] = this.#inside(words);
    const { stdout } = await new Deno.Command(command, { args, stdin: "null", stderr: "null", cwd: "/" })
      .output();
    return new TextDecoder().decode(stdout);
  }

  /** Waits until it is a namespace of its own, with a loopback that is up. */
  async open(): Promise<void> {
    const ours = await Deno.readLink("/proc/self/ns/net");
    await eventually(async () => await Deno.readLink(`/proc/${this.#holder.pid}/ns/net`) !== ours, {
      what: "a namespace",
    });
    await this.ask("ip", "link", "set", "lo", "up");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children.toReversed()) {
      try {
        child.kill("SIGTERM");
      } catch {
        // It has ended.
      }
      await child.status;
    }
  }
}

const snapshot = JSON.stringify([{
  Id: "a".repeat(64),
  Name: "/rl",
  Created: "2026-01-01T00:00:00Z",
  State: { Status: "running", Running: true, StartedAt: "2026-01-01T00:00:00Z" },
  Config: { Env: ['INTERLOCK_DATA={"hostname":"rl.local"}'], ExposedPorts: { "80/tcp": {} } },
  NetworkSettings: {
    Ports: { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: `${PUBLISHED}` }] },
    Networks: { bridge: { IPAddress: OWN } },
  },
}]);

/** Says on each port which one it is. */
const APP =
  `for (const port of [80, ${PUBLISHED}]) Deno.serve({ port, onListen() {} }, () => new Response(String(port)));`;

Deno.test("a container of a rootless engine is served at its published port, also by the next signalbox, and at its own address once that leads there", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sbr-" });
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => Deno.remove(folder, { recursive: true }));
  await using namespace = new Namespace();
  await namespace.open();
  await Deno.writeTextFile(`${folder}/snapshot.json`, snapshot);
  await Deno.writeTextFile(`${folder}/app.js`, APP);
  namespace.start(Deno.execPath(), "run", "--no-config", "--allow-net", `${folder}/app.js`);
  await eventually(
    async () => await namespace.ask("curl", "-s", `http://127.0.0.1:${PUBLISHED}`) === `${PUBLISHED}`,
    { what: "the container" },
  );
  const run = () =>
    namespace.start(
      ...program(),
      ...["run", "--snapshot", `${folder}/snapshot.json`, "--state-dir", `${folder}/state`],
      ...["--bind", "127.0.0.1", "--http-port", "38080"],
    );
  const say = (command: string) => namespace.ask(...program(), command, "--state-dir", `${folder}/state`);
  const get = () => namespace.ask("curl", "-s", "-m", "5", "-H", "Host: rl.local", "http://127.0.0.1:38080/");
  const answers = (body: string) =>
    eventually(async () => await get() === body, { what: `an answer from port ${body}`, limitMs: 60_000 });
  const doctor = () => namespace.ask(...program(), "doctor", "--snapshot", `${folder}/snapshot.json`);
  assert.match(
    await doctor(),
    /^ok {4}addresses: 172\.17\.0\.2:80 of rl cannot be reached from here, and its published/m,
  );
  const unpublished = `${folder}/unpublished.json`;
  await Deno.writeTextFile(unpublished, snapshot.replace(/"Ports":\{.*?\]\},/, ""));
  const advice = await namespace.ask(...program(), "doctor", "--snapshot", unpublished);
  assert.match(advice, /^ok {4}addresses: .* cannot be reached from here: publish its port/m);
  const first = run();
  await answers(`${PUBLISHED}`);
  const notice = /own address 172\.17\.0\.2:80 cannot be reached from here.*127\.0\.0\.1:39101/g;
  assert.equal((await say("status")).match(notice)?.length, 1);
  assert.match(
    await say("explain"),
    /serves rl\.local\n {2}at 127\.0\.0\.1:39101 \(a port of its engine's host\)/,
  );
  run();
  await first.status;
  await eventually(async () => notice.test(await say("status")), {
    what: "the same from the next signalbox",
  });
  assert.equal(await get(), `${PUBLISHED}`);
  const asked = await eventually(
    async () => await namespace.ask("ip", "addr", "add", `${OWN}/32`, "dev", "lo") === "",
    {
      what: "the container's own address",
    },
  );
  assert.ok(asked);
  // Its address leads there now: not one request fails while it is turned to.
  const bodies = new Set<string>();
  await eventually(async () => {
    bodies.add(await get());
    return bodies.has("80");
  }, { what: "an answer at its own address", limitMs: 90_000 });
  assert.deepEqual([...bodies].sort(), [`${PUBLISHED}`, "80"]);
  await eventually(async () => !/cannot be reached/.test(await say("status")), {
    what: "no notice to be left",
  });
});
