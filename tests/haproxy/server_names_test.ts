/** Servers of a file of routes that have names: HAProxy finds them, follows them, and loses no request on the way. */
import assert from "node:assert/strict";
import { planText, want } from "../changes/situation.ts";
import { eventually } from "../harness/eventually.ts";
import { freePort, httpGet } from "../harness/http.ts";
import { NameServer } from "../harness/name_server.ts";
import { called, canAddServers, everyProgram, onStage, type Stage } from "./stage.ts";

const HOST = "nas.example.com";
const OLD = "127.17.40.2";
const NEW = "127.17.40.3";

/** Machines at two addresses, which each say their own; gone with the block. */
class Machines implements AsyncDisposable {
  readonly port = freePort();
  readonly #servers = new Map([OLD, NEW].map((hostname) => [
    hostname,
    Deno.serve({ hostname, port: this.port, onListen: () => undefined }, () => new Response(hostname)),
  ]));

  async end(address: string): Promise<void> {
    await this.#servers.get(address)?.shutdown();
    this.#servers.delete(address);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#servers.keys()].map((address) => this.end(address)));
  }
}

/** A client that asks again and again, and remembers each answer that was none of a machine; ends with the block. */
class Client implements AsyncDisposable {
  readonly failures: string[] = [];
  #isEnding = false;
  readonly #asking: Promise<void>;

  constructor(readonly port: number) {
    this.#asking = this.#ask();
  }

  async #ask(): Promise<void> {
    while (!this.#isEnding) {
      const said = await answerOf(this.port);
      if (said !== OLD && said !== NEW) this.failures.push(said);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    await this.#asking;
  }
}

const answerOf = (port: number): Promise<string> =>
  httpGet({ port, host: HOST }).then(({ status, body }) => status === 200 ? body : `${status}`, String);

const answers = (stage: Stage, wanted: string) =>
  eventually(async () => (await answerOf(stage.httpPort)) === wanted, { what: `an answer of ${wanted}` });

/** Has servers for these hosts, and answers with the plan. */
async function planned(stage: Stage, servers: Readonly<Record<string, readonly string[]>>): Promise<string> {
  const routes = Object.entries(servers).map(([hostname, servers]) => [hostname, { hostname, servers }]);
  const wanted = want(stage.routing, "[]", { routes: Object.fromEntries(routes) });
  return planText((await stage.apply(wanted)).plan);
}

for (const program of everyProgram.filter(canAddServers)) {
  const name = (sentence: string) => `${called(program)}: ${sentence}`;
  const play = async (act: (stage: Stage, names: NameServer, machines: Machines) => Promise<void>) => {
    await using names = new NameServer();
    await using machines = new Machines();
    await names.start();
    const settings = { resolver: names.at };
    await onStage(program, { settings }, (stage) => act(stage, names, machines));
  };

  Deno.test(
    name("requests follow a name to another address, and none fails where a server lives"),
    () =>
      play(async (stage, names, machines) => {
        const servers = [`nas.lan:${machines.port}`];
        assert.match(await planned(stage, { [HOST]: servers }), /^reload/);
        assert.equal(await answerOf(stage.httpPort), "503", "nobody knows the name");
        assert.deepEqual(await stage.applier.audit(), []);
        names.lead("nas.lan", OLD);
        await answers(stage, OLD);
        {
          await using client = new Client(stage.httpPort);
          names.lead("nas.lan", NEW);
          await answers(stage, NEW);
          await machines.end(OLD);
          const asked = names.asked;
          await eventually(() => names.asked > asked + 1, { what: "the name to be asked for again" });
          assert.deepEqual(client.failures, []);
        }
        assert.deepEqual(await stage.applier.audit(), [], "an address that was found is no drift");
        assert.equal(await planned(stage, { [HOST]: servers }), "nothing\n");
        await stage.replace();
        assert.equal(await planned(stage, { [HOST]: servers }), "nothing\n");
        assert.equal(await answerOf(stage.httpPort), NEW);
      }),
  );

  Deno.test(
    name("a name keeps its address over a reload, also where no name server answers"),
    () =>
      play(async (stage, names, machines) => {
        const servers = [`nas.lan:${machines.port}`];
        names.lead("nas.lan", OLD);
        await planned(stage, { [HOST]: servers });
        await answers(stage, OLD);
        await names.stop();
        {
          await using client = new Client(stage.httpPort);
          const both = { [HOST]: servers, "disk.example.com": [`disk.lan:${machines.port}`] };
          assert.match(await planned(stage, both), /^reload/);
          await answers(stage, OLD);
          // No other name is left, and nothing is loaded for that.
          assert.doesNotMatch(await planned(stage, { [HOST]: servers }), /^reload/);
          assert.deepEqual(client.failures, []);
        }
        await stage.replace();
        assert.equal(await planned(stage, { [HOST]: servers }), "nothing\n");
        assert.doesNotMatch(await planned(stage, {}), /^reload/);
        assert.equal(await answerOf(stage.httpPort), "404");
        assert.equal(stage.applier.leaving, 0, "nothing waits for a server that no command deletes");
        assert.equal(await planned(stage, {}), "nothing\n");
        assert.deepEqual(await stage.applier.audit(), []);
        assert.doesNotMatch(await planned(stage, { [HOST]: servers }), /^reload/, "it is still there");
        await answers(stage, OLD);
      }),
  );
}
