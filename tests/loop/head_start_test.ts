/** For how long a pass waits for the first answers of new servers. */
import assert from "node:assert/strict";
import { headStart } from "../../lib/loop/head_start.ts";
import { Readiness } from "../../lib/loop/readiness.ts";
import type { Prober } from "../../lib/ports.ts";
import { openRouting, want } from "../changes/situation.ts";
import { Witness } from "../harness/events.ts";
import { eventually, settled } from "../harness/eventually.ts";
import { HandClock } from "../harness/hand_clock.ts";

const snapshotOf = (count: number) =>
  JSON.stringify(Array.from({ length: count }, (_, at) => ({
    Id: `web${at}`,
    Name: `/web${at}`,
    State: { Status: "running" },
    Config: { Hostname: "www.example.com", Env: ["INTERLOCK_DATA={}"], ExposedPorts: { "80/tcp": {} } },
    NetworkSettings: { Networks: { bridge: { IPAddress: `172.17.0.${at + 2}` } } },
  })));

/** A pass over so many new servers, each of whose probes the test ends. */
async function passOver(count: number, which: "first" | "later") {
  const { desired: { model } } = want(await openRouting({ "haproxy-version": "2.6" }), snapshotOf(count), {});
  const clock = new HandClock();
  const probes: { readonly answer: () => void; readonly fail: () => void }[] = [];
  const prober: Prober = {
    prove: (_, onFailure) =>
      new Promise((resolve) => probes.push({ answer: resolve, fail: () => onFailure("it sleeps", 1) })),
  };
  const readiness = new Readiness(prober, new Witness(), () => undefined);
  readiness.update(model);
  let ready: number | undefined;
  const waiting = headStart(readiness, model, which, clock)?.();
  void waiting?.then((states) => ready = [...states.values()].filter((state) => state === "ready").length);
  /** Lets time pass, and the moment in which what has come meanwhile is looked at. */
  const pass = async (ms: number) => {
    clock.pass(ms);
    await settled();
    clock.pass(0);
    await settled();
  };
  return { clock, probes, pass, ready: () => ready };
}

Deno.test("the first pass waits for the first try of each of many servers, beyond the time that a few get", async () => {
  const { probes, pass, ready } = await passOver(200, "first");
  for (const { answer } of probes.slice(0, 150)) answer();
  await settled();
  await pass(250);
  assert.equal(ready(), undefined, "fifty were not tried yet");
  for (const { answer } of probes.slice(150, 199)) answer();
  probes[199]?.fail();
  await eventually(() => ready() === 199, { what: "the pass to go on once each was tried" });
});

Deno.test("the first pass does not wait for ever for servers that do not answer", async () => {
  const { pass, ready } = await passOver(100, "first");
  await pass(250);
  assert.equal(ready(), undefined);
  await pass(30);
  await eventually(() => ready() === 0, { what: "the pass to go on" });
});

Deno.test("a later pass waits a moment, however many servers are new", async () => {
  const { pass, ready } = await passOver(200, "later");
  await pass(2);
  await eventually(() => ready() === 0, { what: "the pass to go on" });
});

Deno.test("what has answered while signalbox was too busy to look counts as in time", async () => {
  const { clock, probes, ready } = await passOver(1, "later");
  // The timer is looked at before the connections.
  clock.pass(60);
  await settled();
  probes[0]?.answer();
  await settled();
  assert.equal(ready(), 1);
});
