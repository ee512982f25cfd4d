/** What goes wrong while certificates are fetched, against a real authority. */
import assert from "node:assert/strict";
import { DnsHook } from "../../lib/acme/dns_hook.ts";
import { AcmeStorage } from "../../lib/acme/storage.ts";
import { systemClock } from "../../lib/clock.ts";
import { emptyRecord } from "../../lib/core/acme/record.ts";
import { eventually } from "../harness/eventually.ts";
import { agent, faster } from "./agent_stage.ts";

/** A minute is a second. */
const FAST = { speed: 60 };

agent("an authority that refuses every other nonce gives all certificates", {
  env: { PEBBLE_WFE_NONCEREJECT: "50" },
}, async (stage) => {
  const { want, report } = await stage.agent();
  want(["a.example.com", "b.example.com"], "c.example.com", "d.example.com");
  await stage.certificate("a.example.com", "b.example.com");
  await stage.certificate("c.example.com");
  await stage.certificate("d.example.com");
  assert.deepEqual(report.of("certificate-failed"), []);
  assert.deepEqual(report.of("authority-failed"), []);
});

agent(
  "a host that leads elsewhere is told once, in the authority's words, and the others have their certificate",
  {},
  async (stage) => {
    await stage.pebble.setAddresses("bad.example.com", ["127.0.0.9"]);
    const { want, report, agent } = await stage.agent();
    want(["good.example.com", "bad.example.com"]);
    await stage.certificate("good.example.com");
    const [{ hosts, why } = { hosts: [], why: "" }, ...more] = report.of("certificate-failed");
    assert.deepEqual([hosts, more], [["bad.example.com"], []]);
    assert.match(why, /127[.]0[.]0[.]9.*refused/);
    assert.deepEqual(agent.status.waiting.map(({ hosts, why: said }) => [hosts, why.includes(said)]), [[[
      "bad.example.com",
    ], true]]);
    assert.match(JSON.stringify(await stage.storage.record()), /bad[.]example[.]com/);
  },
);

agent("a host that leads here later has its certificate, in one with the others", {}, async (stage) => {
  await stage.pebble.setAddresses("late.example.com", ["127.0.0.9"]);
  const { want, report } = await stage.agent({ speed: 600 });
  want(["good.example.com", "late.example.com"]);
  await eventually(() => report.of("certificate-failed").length > 0, { what: "the failure" });
  await stage.pebble.setAddresses("late.example.com", ["127.0.0.1"]);
  await stage.certificate("good.example.com", "late.example.com");
});

agent(
  "an authority that is away is asked again, and told once each time; what is there stays",
  {},
  async (stage) => {
    const { want, report, agent } = await stage.agent(FAST);
    want("first.example.com");
    await stage.certificate("first.example.com");
    await stage.pebble.stop();
    want("first.example.com", "second.example.com");
    await eventually(() => report.of("authority-failed").length >= 2, { what: "two failures" });
    // The first may tell of a connection that was cut.
    assert.match(report.of("authority-failed")[1]?.why ?? "", /cannot reach 127[.]0[.]0[.]1:\d+: .*refused/);
    const isWaiting = () =>
      agent.status.waiting.map(({ hosts }) => hosts.join()).join(" ") === "second.example.com";
    await eventually(isWaiting, { what: "the second host to wait" });
    // It has forgotten our account, too.
    await stage.pebble.start();
    await stage.certificate("second.example.com");
    await stage.certificate("first.example.com");
  },
);

agent(
  "a certificate of a few seconds is renewed before it ends, again and again",
  { lifetimeSeconds: 6 },
  async (stage) => {
    const { want, report } = await stage.agent();
    want("short.example.com");
    await stage.certificate("short.example.com");
    // One of an order in parts lies there until it has expired.
    const folder = `${stage.storage.folder}/certificates`;
    await Deno.copyFile(`${folder}/short.example.com.pem`, `${folder}/short.example.com.1.pem`);
    await eventually(() => report.of("certificate-fetched").length >= 3, {
      what: "two renewals",
      limitMs: 60_000,
    });
    await eventually(
      async () => (await stage.storage.list()).map(({ name }) => name).join() === "short.example.com",
      {
        what: "the renewed one alone",
      },
    );
  },
);

agent("an account is tied to one of the authority's", {
  eab: { "kid-1": "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W" },
}, async (stage) => {
  const without = await stage.agent();
  without.want("tied.example.com");
  await eventually(() => without.report.of("authority-failed").length > 0, { what: "the refusal" });
  assert.match(without.report.of("authority-failed")[0]?.why ?? "", /expected --acme-eab/);
  await without.end();
  await stage.storage.keep(emptyRecord);
  const key = await stage.storage.accountKey();
  const eab = { kid: "kid-1", key: "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W" };
  const tied = await stage.agent({ identity: { key, email: "me@example.com", eab } });
  tied.want("tied.example.com");
  await stage.certificate("tied.example.com");
});

agent(
  "of two on one storage one asks, and when it has gone the other does, at once or after its lease",
  {},
  async (stage) => {
    // A lease is two seconds: nobody is late for it who is only slow.
    const calm = { speed: 15 };
    const [one, two] = [await stage.agent(calm), await stage.agent(calm)];
    for (const each of [one, two]) each.want("shared.example.com");
    await stage.certificate("shared.example.com");
    const leads = (each: typeof one) => each.report.of("certificates-led").length > 0;
    await eventually(() => leads(one) || leads(two), { what: "a leader" });
    const [leader, other] = leads(one) ? [one, two] : [two, one];
    assert.equal(leads(other), false);
    await eventually(() => other.agent.status.leader !== undefined, { what: "the other's view" });
    await eventually(() => other.agent.status.certificates.length === 1, { what: "what the other sees" });
    await leader.end();
    other.want("shared.example.com", "next.example.com");
    await stage.certificate("next.example.com");
    // One that was killed leaves its name behind.
    await other.end();
    await Deno.writeTextFile(`${stage.storage.folder}/leader`, "killed 1 now\n");
    const third = await stage.agent(calm);
    third.want("shared.example.com", "last.example.com");
    await stage.certificate("last.example.com");
    // It is told once it is written.
    const fetched = () => third.report.of("certificate-fetched").length;
    await eventually(() => fetched() > 0, { what: "the certificate to be told of" });
    assert.equal(fetched(), 1);
  },
);

agent(
  "nothing is ordered that could not be kept, and one that came is kept until it can be written",
  {},
  async (stage) => {
    const full = { keep: true, put: true };
    const noSpace = () => Promise.reject(new Error("No space left on device (os error 28)"));
    class FullDisk extends AcmeStorage {
      override keep(record: Parameters<AcmeStorage["keep"]>[0]): Promise<void> {
        return full.keep ? noSpace() : super.keep(record);
      }
      override put(...given: Parameters<AcmeStorage["put"]>): ReturnType<AcmeStorage["put"]> {
        return full.put ? noSpace() : super.put(...given);
      }
    }
    const { want, report } = await stage.agent({ ...FAST, storage: new FullDisk(stage.storage.folder) });
    want("full.example.com");
    await eventually(() => report.of("certificates-stuck").length > 0, { what: "the trouble" });
    assert.match(report.of("certificates-stuck")[0]?.why ?? "", /No space left/);
    assert.deepEqual(stage.asked, [], "the authority was not asked");
    full.keep = false;
    await eventually(() => report.of("certificates-stuck").length > 1, { what: "the second trouble" });
    assert.notDeepEqual(stage.asked, [], "the authority was asked");
    full.put = false;
    await stage.certificate("full.example.com");
    assert.equal(new Set(stage.asked).size, 1);
    // It is told once it is written.
    const fetched = () => report.of("certificate-fetched").length;
    await eventually(() => fetched() > 0, { what: "the certificate to be told of" });
    assert.equal(fetched(), 1);
  },
);

agent("a certificate that is for a host which fails now stays beside the new one", {
  env: { PEBBLE_AUTHZREUSE: "0" },
}, async (stage) => {
  const { want, end } = await stage.agent(FAST);
  want(["good.example.com", "failing.example.com"]);
  await stage.certificate("good.example.com", "failing.example.com");
  await end();
  await stage.pebble.setAddresses("failing.example.com", ["127.0.0.9"]);
  const again = await stage.agent(FAST);
  again.want(["good.example.com", "failing.example.com", "new.example.com"]);
  await stage.certificate("good.example.com", "new.example.com");
  await stage.certificate("good.example.com", "failing.example.com");
});

agent(
  "a wildcard is proven by records that a command sets, beside the name above it, and they are taken away",
  {},
  async (stage) => {
    const log = `${stage.storage.folder}/hook.log`;
    const hook = `hook() { echo "$1 $2" >>${log}; set -- "$@"; ${
      stage.pebble.dnsHook.replace(/#$/, "")
    } }; hook`;
    const { want, report } = await stage.agent({ proof: new DnsHook(hook, systemClock) });
    want(["example.com", "*.example.com"]);
    await stage.certificate("example.com", "*.example.com");
    assert.deepEqual(stage.asked, []);
    const said = (await Deno.readTextFile(log)).trim().split("\n");
    const [present, cleanup] = ["present _acme-challenge.example.com", "cleanup _acme-challenge.example.com"];
    assert.deepEqual(said, [present, present, cleanup, cleanup]);
    assert.deepEqual(report.of("certificate-failed"), []);
  },
);

agent("a command that fails or hangs costs its hosts alone, and says why", {}, async (stage) => {
  const { want, report, end } = await stage.agent({
    proof: new DnsHook("echo no key for the zone >&2; exit 3 #", systemClock),
  });
  want("a.example.com");
  await eventually(() => report.of("certificate-failed").length > 0, { what: "the failure" });
  assert.match(
    report.of("certificate-failed")[0]?.why ?? "",
    /present _acme-challenge[.]a[.]example[.]com ended with 3: no key for the zone/,
  );
  await end();
  await stage.storage.keep(emptyRecord);
  const hanging = await stage.agent({ speed: 600, proof: new DnsHook("sleep 77 #", faster(600, 600)) });
  hanging.want("a.example.com");
  await eventually(() => hanging.report.of("certificate-failed").length > 0, {
    what: "the end of the command",
  });
  assert.match(hanging.report.of("certificate-failed")[0]?.why ?? "", /did not end within 180 s/);
});

agent(
  "a certificate that is for other names than were asked for is asked for once, and not for ever",
  {},
  async (stage) => {
    class Confused extends AcmeStorage {
      override async put(...given: Parameters<AcmeStorage["put"]>): ReturnType<AcmeStorage["put"]> {
        return { ...await super.put(...given), names: ["another.example.com"] };
      }
      override async list(): ReturnType<AcmeStorage["list"]> {
        return (await super.list()).map((held) => ({ ...held, names: ["another.example.com"] }));
      }
    }
    const { want, report, agent } = await stage.agent({ storage: new Confused(stage.storage.folder) });
    want("a.example.com");
    await eventually(() => report.of("certificate-failed").length > 0, { what: "the failure" });
    assert.match(
      report.of("certificate-failed")[0]?.why ?? "",
      /a[.]example[.]com: the authority gave a certificate that is not for it/,
    );
    await eventually(() => agent.status.waiting.length > 0, { what: "its wait" });
    const issued = () => stage.pebble.lines.filter((line) => /Issued certificate/.test(line)).length;
    await eventually(() => issued() > 0, { what: "the authority to log it" });
    assert.equal(issued(), 1);
  },
);

agent("who mends the settings need not wait for what failed with the old ones", {}, async (stage) => {
  // Without the authority's CA.
  const wrong = await stage.agent({ client: undefined, settings: "no CA" });
  wrong.want("mended.example.com");
  await eventually(() => wrong.report.of("authority-failed").length > 0, { what: "the refusal" });
  await wrong.end();
  const record = await stage.storage.record();
  const authorities = Object.entries(record.authorities).map((
    [url, one],
  ) => [url, { ...one, untilMs: one.untilMs + 7_200_000 }]);
  await stage.storage.keep({ ...record, authorities: Object.fromEntries(authorities) });
  const same = await stage.agent({ settings: "no CA" });
  same.want("mended.example.com");
  await eventually(() => same.agent.status.waiting.length > 0, { what: "the host to wait" });
  await same.end();
  const mended = await stage.agent({ settings: "with the CA" });
  mended.want("mended.example.com");
  await stage.certificate("mended.example.com");
});
