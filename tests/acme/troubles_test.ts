/** Authorities and clocks that behave badly, for days and at once. */
import assert from "node:assert/strict";
import { Authority } from "../../lib/acme/authority.ts";
import { systemClock } from "../../lib/clock.ts";
import { eventually } from "../harness/eventually.ts";
import { seeded } from "../harness/seeded.ts";
import { agent, JumpClock, type StagedAgent } from "./agent_stage.ts";

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;

/** Lets time pass in steps until something holds. */
const passUntil = (
  { agent }: StagedAgent,
  clock: JumpClock,
  stepMs: number,
  what: string,
  holds: () => boolean | Promise<boolean>,
) =>
  eventually(async () => {
    if (await holds()) return true;
    clock.jump(stepMs);
    agent.wake();
    return false;
  }, { what, limitMs: 120_000 });

agent(
  "looks that fail by chance, slow answers and refused nonces delay certificates, and cost none",
  { env: { PEBBLE_WFE_NONCEREJECT: "30", PEBBLE_VA_NOSLEEP: "0", PEBBLE_VA_SLEEPTIME: "1" } },
  async (stage) => {
    const chance = seeded(7);
    stage.spoil(() => chance() < 0.15);
    const clock = new JumpClock();
    const staged = await stage.agent({ clock });
    const hosts = Array.from({ length: 6 }, (_, at) => `h${at}.d${at % 3}.com`);
    staged.want(hosts.slice(0, 3), ...hosts.slice(3));
    await passUntil(staged, clock, 2 * MINUTE, "all certificates", async () => {
      const served = new Set((await stage.storage.list()).flatMap(({ names }) => names));
      return hosts.every((host) => served.has(host));
    });
    assert.ok(staged.report.of("certificate-failed").length > 0, "nothing failed");
    assert.deepEqual(staged.report.of("authority-failed"), []);
  },
);

agent(
  "an authority that is away for days costs no certificate, and a clock that jumps ahead and back orders none",
  { lifetimeSeconds: 90 * 86_400 },
  async (stage) => {
    const clock = new JumpClock();
    const staged = await stage.agent({ clock });
    const { want, report, agent } = staged;
    want("kept.example.com");
    await stage.certificate("kept.example.com");
    const [before] = await stage.storage.list();
    await stage.pebble.stop();
    // Two thirds of its time are over.
    clock.jump(66 * DAY);
    agent.wake();
    await eventually(() => report.of("authority-failed").length > 0, { what: "the failure" });
    for (let day = 0; day < 5; day++) {
      const told = report.of("authority-failed").length;
      await passUntil(staged, clock, DAY, "another try", () => report.of("authority-failed").length > told);
    }
    assert.deepEqual(await stage.storage.list(), [before], "it stays");
    assert.ok(
      report.of("authority-failed").every(({ waitMs }) => waitMs < 2 * 60 * MINUTE),
      "it is asked again",
    );
    await stage.pebble.start();
    await passUntil(
      staged,
      clock,
      60 * MINUTE,
      "the renewal",
      () => report.of("certificate-fetched").length >= 2,
    );
    const [after, ...others] = await stage.storage.list();
    assert.notEqual(after?.id, before?.id);
    assert.deepEqual(others, []);
    // The clock is set right again: what comes next is fetched, and nothing again.
    clock.setRight();
    want("kept.example.com", "next.example.com");
    await stage.certificate("next.example.com");
    await eventually(() => agent.status.asking.length === 0, { what: "the end of all orders" });
    const fetched = report.of("certificate-fetched").length;
    want("kept.example.com", "next.example.com", "last.example.com");
    await stage.certificate("last.example.com");
    await eventually(() => agent.status.asking.length === 0, { what: "the end of the last order" });
    const since = report.of("certificate-fetched").slice(fetched);
    assert.deepEqual(since.map(({ hosts }) => hosts), [["last.example.com"]]);
  },
);

agent("an account that was deactivated is told with what helps, and blames no host", {}, async (stage) => {
  const { want, report, agent } = await stage.agent();
  want("first.example.com");
  await stage.certificate("first.example.com");
  const record = await stage.storage.record();
  const account = record.authorities[stage.pebble.directory]?.account ?? "";
  const key = await stage.storage.accountKey();
  const identity = { key, email: "me@example.com", eab: undefined };
  using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(stage.pebble.ca)] });
  const authority = new Authority(stage.pebble.directory, identity, {
    clock: systemClock,
    version: "0",
    client,
  });
  const { signal } = new AbortController();
  await authority.enter(account, signal);
  await authority.exchange.post(account, { status: "deactivated" }, { what: "deactivating", signal });
  want("first.example.com", "second.example.com");
  await eventually(() => report.of("authority-failed").length > 0, { what: "what is told" });
  assert.match(
    report.of("authority-failed")[0]?.why ?? "",
    /Account.*expected another key: move account[.]pem away/,
  );
  assert.deepEqual(report.of("certificate-failed"), []);
  assert.equal(agent.status.certificates.length, 1, "what is there stays");
});
