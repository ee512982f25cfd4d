/** What is told of servers that get no traffic. */
import assert from "node:assert/strict";
import { formatNotice } from "../../lib/core/values/notice.ts";
import type { Prober } from "../../lib/ports.ts";
import { Readiness } from "../../lib/loop/readiness.ts";
import { openRouting, want } from "../changes/situation.ts";
import { Witness } from "../harness/events.ts";
import { eventually } from "../harness/eventually.ts";
import { reportedAt } from "./reported.ts";

/** A prober in the test's hands. */
class Probe implements Prober {
  answer: () => void = () => undefined;
  fail: Parameters<Prober["prove"]>[1] = () => undefined;

  prove(_: unknown, onFailure: Parameters<Prober["prove"]>[1]): Promise<void> {
    this.fail = onFailure;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.answer = resolve;
    return promise;
  }
}

async function readinessOf(data: string) {
  const snapshot = JSON.stringify([{
    Id: "web",
    Name: "/web",
    State: { Status: "running" },
    Config: { Hostname: "www.example.com", Env: [`INTERLOCK_DATA=${data}`], ExposedPorts: { "80/tcp": {} } },
    NetworkSettings: { Networks: { bridge: { IPAddress: "172.17.0.2" } } },
  }]);
  const { desired: { model } } = want(await openRouting({ "haproxy-version": "2.6" }), snapshot, {});
  const probe = new Probe();
  const report = new Witness();
  let changes = 0;
  const readiness = new Readiness(probe, report, () => changes++);
  readiness.update(model);
  return {
    probe,
    report,
    stateWhenKnownAt: (address: string) => {
      const [server] = model.backends.flatMap((backend) => backend.servers);
      assert.ok(server !== undefined);
      const next = new Readiness(probe, report, () => undefined);
      next.know([reportedAt(server.name, address, 80)]);
      return next.update(model).get(server.name);
    },
    changes: () => changes,
    notices: () => {
      readiness.update(model);
      return readiness.notices(model).map(formatNotice);
    },
  };
}

for (
  const [data, what] of [
    ['{"warm":true}', "it did not warm up within 60 s (it sleeps), expected an HTTP answer to GET /"],
    [
      "{}",
      "it was not ready within 60 s (it sleeps), expected it to accept connections, and its check to succeed",
    ],
  ] as const
) {
  Deno.test(`a container that says ${data} and does not come up within a minute is a warning, until it does`, async () => {
    const { probe, report, changes, notices } = await readinessOf(data);
    probe.fail("it sleeps", 1_500);
    const told = report.of("no-traffic").map(({ container, why }) => [container, why]);
    assert.deepEqual(told, [["web", "it sleeps"]], "after a second");
    probe.fail("it sleeps", 59_999);
    assert.deepEqual([notices(), changes()], [[], 0]);
    probe.fail("it sleeps", 60_000);
    assert.equal(changes(), 1, "the loop is woken, so that it is told");
    const warning = [`warning: web: gets no traffic for www.example.com: ${what}; still probing`];
    assert.deepEqual(notices(), warning);
    probe.fail("it is dead", 61_000);
    assert.deepEqual([notices(), changes()], [warning, 1], "it is told once");
    probe.answer();
    await eventually(() => notices().length === 0, { what: "the warning to be taken back" });
  });
}

Deno.test("a server that had traffic before this signalbox began has it on, but not at another address", async () => {
  const { stateWhenKnownAt } = await readinessOf("{}");
  assert.equal(stateWhenKnownAt("172.17.0.2"), "ready");
  assert.equal(stateWhenKnownAt("172.17.0.3"), "maint");
});

Deno.test("a server that is still asked is asked by the check that its backend has by now", async () => {
  const routing = await openRouting({ "haproxy-version": "2.6" });
  const web = (at: number, path: string) => ({
    Id: `web${at}`,
    Name: `/web${at}`,
    Created: `2024-05-01T10:00:0${at}Z`,
    State: { Status: "running" },
    Config: {
      Hostname: "www.example.com",
      Env: [`INTERLOCK_DATA=${JSON.stringify({ check: `httpchk GET ${path}` })}`],
      ExposedPorts: { "80/tcp": {} },
    },
    NetworkSettings: { Networks: { bridge: { IPAddress: `172.17.0.${at + 1}` } } },
  });
  const asked: string[] = [];
  const prober: Prober = {
    prove: ({ hostname, questions }, _, signal) => {
      asked.push(`${hostname} ${questions[0]?.request.split(" ")[1]}`);
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    },
  };
  const readiness = new Readiness(prober, new Witness(), () => undefined);
  for (const containers of [[web(1, "/old"), web(2, "/new")], [web(2, "/new")], [web(2, "/new")]]) {
    readiness.update(want(routing, JSON.stringify(containers), {}).desired.model);
  }
  assert.deepEqual(asked, ["172.17.0.2 /old", "172.17.0.3 /old", "172.17.0.3 /new"]);
  readiness.stop();
});
