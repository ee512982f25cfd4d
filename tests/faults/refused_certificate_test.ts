/** A certificate that HAProxy refuses, since its key is too small for OpenSSL: it costs nobody else anything. */
import assert from "node:assert/strict";
import { makePair } from "../certificates/files.ts";
import { eventLine, holding } from "../harness/events.ts";
import { eventually } from "../harness/eventually.ts";
import { haproxies } from "../harness/haproxies.ts";
import { curl, makeCertificate } from "../live/certificates.ts";
import { FaultStage } from "./stage.ts";

/** Puts a certificate with a small key into a folder, by one rename. */
async function putSmall(stage: FaultStage, folder: string, host: string, bits: number): Promise<void> {
  const { crt, key } = await makePair(stage.folder, "small", [host], { key: [`rsa:${bits}`] });
  await Deno.writeTextFile(`${stage.folder}/small.pem`, crt + key);
  await Deno.rename(`${stage.folder}/small.pem`, `${folder}/${host}.pem`);
}

const reasonOf = (host: string, bits: number) => ({
  code: "certificate-refused",
  container: holding(`${host}.pem`),
  msg: holding(`${bits} bits`),
});

for (const haproxy of await haproxies()) {
  Deno.test(`haproxy ${haproxy.version}: certificates with small keys are left out, at the start, while it runs and in a load`, async () => {
    const hosts = ["good.example", "late.example", "small.example", "tiny.example"];
    const routes = hosts.map((host) => ({ host }));
    await using stage = await FaultStage.open(...routes);
    const folder = `${stage.folder}/certificates`;
    await Deno.mkdir(folder);
    const good = await makeCertificate(stage.folder, "good.example", `${folder}/good.pem`);
    await putSmall(stage, folder, "small.example", 1_024);
    const program = stage.start(["--tls-cert", folder, "--haproxy", haproxy.path]);
    const isServed = async () => (await curl("good.example", stage.httpsPort, good)).version === "2";
    await stage.says(program, reasonOf("small.example", 1_024));
    await stage.answers("small.example");
    await eventually(isServed, { what: "the good certificate" });

    // By commands: what is refused is asked about before, so that nothing is half done.
    await putSmall(stage, folder, "tiny.example", 512);
    await stage.says(program, reasonOf("tiny.example", 512));
    const late = await makeCertificate(stage.folder, "late.example", `${folder}/late.pem`);
    const isLate = async () => (await curl("late.example", stage.httpsPort, late)).version === "2";
    await eventually(isLate, { what: "a certificate that comes later" });
    assert.equal(
      program.lines.filter((line) => eventLine("reloaded").test(line)).length,
      1,
      "the first load",
    );

    // What a file held before is served on when it is replaced by one that is refused.
    await putSmall(stage, folder, "late.example", 1_024);
    await Deno.rename(`${folder}/late.example.pem`, `${folder}/late.pem`);
    await stage.says(program, { code: "certificate-refused", container: holding("late.pem") });
    assert.ok(await isLate());

    // SIGHUP has all tried again, in a load.
    const from = program.lines.length;
    program.kill("SIGHUP");
    await stage.says(program, eventLine("reloaded"), from);
    assert.ok(await isServed() && await isLate());
    const { notices } = await stage.status();
    const refused = notices.filter(({ code }) => code === "certificate-refused");
    assert.equal(refused.length, 3, JSON.stringify(notices));

    await makeCertificate(stage.folder, "small.example", `${folder}/small.example.pem`);
    await eventually(
      async () => !(await stage.status()).notices.some(({ subject }) => /small\.ex/.test(subject)),
      {
        what: "a mended certificate",
      },
    );
    for (const event of ["haproxy-printed", "behind", "diverged"] as const) {
      assert.deepEqual(program.lines.filter((line) => eventLine(event).test(line)), []);
    }
  });
}
