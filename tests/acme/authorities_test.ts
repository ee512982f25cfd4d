/** What authorities may say beside giving a certificate, and what is done where one of several gives none. */
import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { freePort } from "../harness/http.ts";
import { agent, JumpClock } from "./agent_stage.ts";
import { putInFront } from "./front.ts";

const MINUTE = 60_000;

agent(
  "a certificate is renewed when its authority wants that, and the order says which one it replaces",
  { lifetimeSeconds: 90 * 86_400 },
  async (stage) => {
    let first: string | undefined;
    const front = await putInFront(stage, {
      renewal(certificate) {
        first ??= certificate;
        // The first one was revoked, say; the next one has its time.
        const [start, end] = certificate === first
          ? ["2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z"]
          : ["2100-01-01T00:00:00Z", "2100-01-02T00:00:00Z"];
        return Response.json({ suggestedWindow: { start, end } }, { headers: { "retry-after": "21600" } });
      },
    });
    const { want, report } = await stage.agent({ directories: [front.directory] });
    want("a.example.com");
    await eventually(() => report.of("certificate-fetched").length >= 2, { what: "the renewal" });
    await eventually(() => new Set(front.looked).size === 2, { what: "the look at the second one" });
    const [held, ...others] = await stage.storage.list();
    assert.deepEqual(others, []);
    assert.deepEqual([...new Set(front.looked)], [first, held?.id]);
    assert.deepEqual(front.orders.map(({ replaces }) => replaces), [undefined, first]);
    assert.deepEqual(report.of("certificate-failed"), []);
  },
);

agent("an authority that says how long to wait is not asked before that time is over", {}, async (stage) => {
  const problem = { type: "urn:ietf:params:acme:error:rateLimited", detail: "too many new orders" };
  const front = await putInFront(stage, {
    order: (count) =>
      count > 1
        ? undefined
        : Response.json(problem, { status: 429, headers: { "retry-after": `${2 * 3_600}` } }),
  });
  const clock = new JumpClock();
  let looks = 0;
  const isGiven = () => {
    looks++;
    return false;
  };
  const { want, report, agent } = await stage.agent({ clock, isGiven, directories: [front.directory] });
  want("a.example.com");
  await eventually(() => report.of("authority-failed").length > 0, { what: "the refusal" });
  const [{ why, waitMs } = { why: "", waitMs: 0 }] = report.of("authority-failed");
  assert.match(why, /too many new orders/);
  assert.equal(waitMs, 120 * MINUTE);
  clock.jump(119 * MINUTE);
  const before = looks;
  await eventually(() => {
    agent.wake();
    return looks >= before + 2;
  }, { what: "two looks" });
  assert.deepEqual([front.orders.length, agent.status.asking], [1, []]);
  assert.deepEqual(agent.status.waiting.map(({ hosts }) => hosts), [["a.example.com"]]);
  clock.jump(MINUTE);
  agent.wake();
  await stage.certificate("a.example.com");
  assert.equal(front.orders.length, 2);
});

agent("where the first authority is away, the second one gives the certificate", {}, async (stage) => {
  const away = `https://127.0.0.1:${freePort()}/dir`;
  const { want, report } = await stage.agent({ directories: [away, stage.pebble.directory] });
  want("a.example.com");
  await eventually(() => report.of("certificate-fetched").length > 0, { what: "the certificate" });
  assert.deepEqual(report.of("authority-failed").map(({ authority }) => authority), [away]);
  assert.equal(report.of("certificate-fetched")[0]?.authority, stage.pebble.directory);
  assert.deepEqual((await stage.storage.list()).map(({ authority }) => authority), [stage.pebble.directory]);
});

agent(
  "a host whose name leads elsewhere is told once and not asked for, until it leads here",
  {},
  async (stage) => {
    const why = "a.example.com resolves to 192.0.2.1, and 192.0.2.1 answers 404 in another's name";
    const asked: number[] = [];
    const front = await putInFront(stage, {});
    const { want, report, agent } = await stage.agent({
      speed: 60,
      directories: [front.directory],
      whyNotOurs() {
        asked.push(front.orders.length + stage.asked.length);
        return Promise.resolve(asked.length < 4 ? why : undefined);
      },
    });
    want("a.example.com");
    await eventually(() => agent.status.waiting.length > 0, { what: "its wait" });
    assert.equal(agent.status.waiting[0]?.why, why);
    await stage.certificate("a.example.com");
    assert.deepEqual(asked, [0, 0, 0, 0], "the authority was asked for nothing meanwhile");
    assert.deepEqual(report.of("certificate-failed").map(({ hosts, why }) => [hosts, why]), [[
      ["a.example.com"],
      why,
    ]]);
    assert.equal(front.orders.length, 1);
  },
);
