/** That hosts which fail, or are slow, cost nobody else his certificate, against a real authority. */
import assert from "node:assert/strict";
import { DnsHook } from "../../lib/acme/dns_hook.ts";
import { Turns } from "../../lib/acme/turns.ts";
import { systemClock } from "../../lib/clock.ts";
import { eventually } from "../harness/eventually.ts";
import { agent } from "./agent_stage.ts";

agent(
  "an alias for which the authority refuses the whole order is found, and the others have their certificates",
  { refused: ["refused.example.com"] },
  async (stage) => {
    const { want, report, agent } = await stage.agent();
    const good = Array.from({ length: 6 }, (_, at) => `h${at}.example.com`);
    want([...good.slice(0, 3), "refused.example.com", ...good.slice(3)], "other.example.com");
    const served = async () => (await stage.storage.list()).flatMap(({ names }) => names).toSorted().join();
    await eventually(async () => await served() === [...good, "other.example.com"].toSorted().join(), {
      what: "certificates of all others",
      limitMs: 60_000,
    });
    await eventually(() => report.of("certificate-failed").length > 0, { what: "what is told of it" });
    const [{ hosts, why } = { hosts: [], why: "" }, ...more] = report.of("certificate-failed");
    assert.deepEqual([hosts, more], [["refused.example.com"], []]);
    assert.match(why, /polic/i);
    await eventually(
      () => agent.status.waiting.flatMap(({ hosts }) => hosts).join() === "refused.example.com",
      {
        what: "the one that waits",
      },
    );
  },
);

agent("a zone whose records come slowly holds up no other one", {}, async (stage) => {
  const slow = `${stage.storage.folder}/slow`;
  // It ends when the test says so.
  const hook = `case $2 in *slow*) while [ ! -e ${slow} ]; do sleep 0.1; done;; esac; hook() { ${
    stage.pebble.dnsHook.replace(/#$/, "")
  } }; hook`;
  const { want } = await stage.agent({ proof: new DnsHook(hook, systemClock) });
  want(["a.slow.com", "b.slow.com"], "c.slow.com", "d.slow.com", "e.slow.com", "f.slow.com");
  want(
    ["a.slow.com", "b.slow.com"],
    ...["c", "d", "e", "f"].map((name) => `${name}.slow.com`),
    ["a.quick.com", "*.quick.com"],
    "a.other.com",
  );
  await stage.certificate("a.quick.com", "*.quick.com");
  await stage.certificate("a.other.com");
  assert.deepEqual((await stage.storage.list()).filter(({ name }) => name.includes("slow")), []);
  await Deno.writeTextFile(slow, "");
  await stage.certificate("a.slow.com", "b.slow.com");
});

Deno.test("zones have turns one after the other, each one at a time and four in all", async () => {
  const turns = new Turns();
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const take = (zone: string, signal?: AbortSignal) =>
    turns.take(zone, () => {
      begun.push(zone);
      const { promise, resolve } = Promise.withResolvers<void>();
      ends.push(resolve);
      return promise;
    }, signal);
  const ending = new AbortController();
  const zones = ["a", "a", "a", "b", "c", "d", "e", "e"];
  const all = zones.map((zone) => take(zone));
  const gone = take("b", ending.signal);
  await eventually(() => begun.length === 4, { what: "four calls" });
  assert.deepEqual(begun, ["a", "b", "c", "d"]);
  ending.abort(new Error("it ends"));
  await assert.rejects(gone, /it ends/);
  for (let at = 0; at < zones.length; at++) {
    await eventually(() => ends.length > at, { what: "the next one" });
    ends[at]?.();
  }
  await Promise.all(all);
  // The one of e that waited comes before the second one of a.
  assert.deepEqual(begun.slice(4, 6), ["e", "a"]);
});
