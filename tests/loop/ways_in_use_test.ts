/** What was proven of how containers are reached, from one pass to the next. */
import assert from "node:assert/strict";
import { buildModel } from "../../lib/core/model/build_model.ts";
import type { Prober, ProbeTarget, ProbeWay } from "../../lib/ports.ts";
import { Readiness } from "../../lib/loop/readiness.ts";
import { container, LOCAL, network, published, SETTINGS } from "../core/containers.ts";
import { Witness } from "../harness/events.ts";
import { settled } from "../harness/eventually.ts";
import type { ReportedServer } from "../../lib/core/state/survey.ts";
import { reportedAt } from "./reported.ts";

/** A prober in the test's hands: each target that is asked, and how it answers. */
class Probe implements Prober {
  readonly asked: { target: ProbeTarget; answer: (by?: ProbeWay) => Promise<void> }[] = [];

  prove(target: ProbeTarget): Promise<ProbeWay | void> {
    const { promise, resolve } = Promise.withResolvers<ProbeWay | void>();
    const answer = async (by?: ProbeWay) => {
      resolve(by);
      await settled();
    };
    this.asked.push({ target, answer });
    return promise;
  }
}

function loop(known: readonly ReportedServer[] = []) {
  const probe = new Probe();
  let wakes = 0;
  const readiness = new Readiness(probe, new Witness(), () => wakes++);
  readiness.know(known);
  const settings = { ...SETTINGS, address: LOCAL };
  const pass = (...containers: ReturnType<typeof container>[]) => {
    const snapshot = { containers, stopping: new Set<never>(), starting: new Set<never>() };
    const { model } = buildModel(snapshot, settings, undefined, readiness.inUse);
    const states = readiness.update(model);
    return model.backends.flatMap(({ servers }) => servers).map((server) =>
      `${server.address}:${server.port} ${states.get(server.name)}`
    ).join();
  };
  return { probe, pass, wakes: () => wakes };
}

const rootless = container("web", { published: [published(80, "0.0.0.0", 39101)] });
const OWN = "172.17.0.2:80";
const PUBLISHED = "127.0.0.1:39101";

Deno.test("a container that answers by its published port alone is served there, and at its own address once that answers", async () => {
  const { probe, pass, wakes } = loop();
  assert.equal(pass(rootless), `${OWN} maint`);
  const [first] = probe.asked;
  await first?.answer(first.target.others[0]);
  assert.equal(wakes(), 1);
  assert.equal(pass(rootless), `${PUBLISHED} ready`, "what answered need not be asked again");
  const home = probe.asked[1];
  assert.equal(probe.asked.length, 2);
  assert.deepEqual([home?.target.hostname, home?.target.via, home?.target.isCalm], [
    "172.17.0.2",
    "container",
    true,
  ]);
  assert.equal(pass(rootless), `${PUBLISHED} ready`);
  assert.equal(probe.asked.length, 2, "it is asked once");
  await home?.answer();
  assert.equal(wakes(), 2);
  assert.equal(pass(rootless), `${OWN} ready`);
  assert.equal(pass(rootless), `${OWN} ready`, "and stays there");
  assert.equal(probe.asked.length, 2);
});

Deno.test("a container that was restarted is proven anew, by the way that led to it", async () => {
  const { probe, pass } = loop();
  pass(rootless);
  const [first] = probe.asked;
  await first?.answer(first.target.others[0]);
  pass(rootless);
  const again = { ...rootless, startedAt: "2024-05-02T10:00:00Z" };
  assert.equal(pass(again), `${PUBLISHED} maint`);
  await probe.asked.at(-1)?.answer();
  assert.equal(pass(again), `${PUBLISHED} ready`);
});

Deno.test("another network that is joined moves no container that serves, and one that leaves does", async () => {
  const { probe, pass } = loop();
  const pub = network("pub", "10.2.0.2");
  const on = (...networks: ReturnType<typeof network>[]) => container("web", { networks });
  pass(on(pub));
  await probe.asked[0]?.answer();
  assert.equal(pass(on(pub)), "10.2.0.2:80 ready");
  assert.equal(pass(on(network("aaa", "10.1.0.2"), pub)), "10.2.0.2:80 ready");
  assert.equal(pass(on(network("aaa", "10.1.0.2"))), "10.1.0.2:80 maint");
});

Deno.test("what a HAProxy of before has in use stays in use", () => {
  const name = buildModel(
    { containers: [rootless], stopping: new Set(), starting: new Set() },
    { ...SETTINGS, address: LOCAL },
  ).model.backends[0]?.servers[0]?.name;
  assert.ok(name !== undefined);
  const known = (address: string, port: number) => [reportedAt(name, address, port)];
  assert.equal(loop(known("127.0.0.1", 39101)).pass(rootless), `${PUBLISHED} ready`);
  assert.equal(loop(known("172.17.0.2", 80)).pass(rootless), `${OWN} ready`);
  assert.equal(loop(known("127.0.0.1", 1)).pass(rootless), `${OWN} maint`);
});
