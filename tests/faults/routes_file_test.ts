/** Routes that are no containers: a file of them, changed while signalbox runs, with every HAProxy that is here. */
import assert from "node:assert/strict";
import { holding } from "../harness/events.ts";
import { eventually } from "../harness/eventually.ts";
import { haproxies } from "../harness/haproxies.ts";
import { freePort, httpGet } from "../harness/http.ts";
import { FaultStage } from "./stage.ts";

/** A server that is no container: it says its own name. */
class Machine implements AsyncDisposable {
  readonly port = freePort();
  #server: Deno.HttpServer<Deno.NetAddr> | undefined;

  constructor(readonly name: string) {
    this.start();
  }

  start(): void {
    const at = { hostname: "127.0.0.1", port: this.port, onListen: () => undefined };
    this.#server = Deno.serve(at, (request) => new Response(`${this.name} ${new URL(request.url).pathname}`));
  }

  async stop(): Promise<void> {
    await this.#server?.shutdown();
    this.#server = undefined;
  }

  get at(): string {
    return `127.0.0.1:${this.port}`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

const bodyOf = async (stage: FaultStage, host: string, path = "/"): Promise<string> =>
  (await httpGet({ port: stage.port, host, path, limitMs: 10_000 })).body;

const becomes = (stage: FaultStage, host: string, expected: RegExp, path = "/") =>
  eventually(async () => {
    const body = await bodyOf(stage, host, path);
    if (!expected.test(body)) throw new Error(`it says ${JSON.stringify(body)}`);
    return true;
  }, { what: `${host}${path} to say ${expected}` });

for (const haproxy of await haproxies()) {
  Deno.test(`a route of a file changes without a reload, and one of its servers may fail (${haproxy.version})`, async () => {
    await using first = new Machine("first");
    await using second = new Machine("second");
    await using stage = await FaultStage.open({ host: "web.example" });
    const routes = (text: string) => stage.write("routes.yaml", text);
    const path = await routes(`nas:\n  hostname: nas.example\n  servers: ["${first.at}"]\n`);
    const program = stage.start(["--haproxy", haproxy.path, "--routes", path]);
    await becomes(stage, "nas.example", /^first/);
    await stage.answers("web.example");
    const { reloads } = await stage.status();

    await routes(`nas:\n  hostname: nas.example\n  servers: ["${first.at}", "${second.at}"]\n`);
    await becomes(stage, "nas.example", /^second/);
    await becomes(stage, "nas.example", /^first/);

    // It does not answer any more: the other one does, and no request is lost.
    await first.stop();
    for (let count = 0; count < 20; count++) assert.match(await bodyOf(stage, "nas.example"), /^second/);
    first.start();
    await routes(
      `nas:\n  hostname: nas.example\n  servers: ["${first.at}"]\n` +
        `old:\n  hostname: old.example\n  context_root: /app\n  context_root_rewrite: true\n  servers: ["${second.at}"]\n`,
    );
    await becomes(stage, "old.example", /^second \/x$/, "/app/x");
    await becomes(stage, "nas.example", /^first/);
    await eventually(
      async () => !(await stage.ask("show servers state")).includes(`nas.example ${second.port}`),
      {
        what: "the second server to leave",
      },
    );

    // A mistake in the file: what was read before stays, and signalbox says where it is.
    await routes(`nas:\n  hostname: nas.example\n servers: ["${second.at}"]\n`);
    await stage.says(program, { level: "warn", container: holding("routes.yaml"), msg: holding("line 3") });
    await becomes(stage, "nas.example", /^first/);
    await eventually(
      async () =>
        (await stage.status()).sources.map(({ isConnected }) => isConnected).join() === "true,false",
      { what: "status to tell it" },
    );

    await routes("{}\n");
    await stage.answers("nas.example", 404);
    await stage.answers("web.example");
    assert.equal((await stage.status()).reloads, reloads, "HAProxy was reloaded");
  });
}

Deno.test("a file of routes that is wrong from the start ends signalbox, which says where it is wrong", async () => {
  await using stage = await FaultStage.open({ host: "web.example" });
  const path = await stage.write("routes.yaml", "nas: {hostname: nas.example\n");
  const program = stage.start(["--routes", path]);
  assert.equal(await program.exited, 2);
  assert.match(program.lines.join("\n"), /cannot use --routes ".*routes.yaml": .*line 2/);
});
