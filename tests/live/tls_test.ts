/** HTTPS with certificates of the test's own, and SIGHUP. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { startContainer, WITNESS } from "../harness/engine.ts";
import { eventually } from "../harness/program.ts";
import { curl, makeCertificate } from "./certificates.ts";
import { askWhile, live } from "./stage.ts";

live("--tls-cert with a file serves HTTPS and HTTP/2", async (stage) => {
  const certificate = await makeCertificate(stage.folder, "one.local");
  const router = await stage.router({ flags: ["--tls-cert", certificate.path] });
  await startContainer({ image: WITNESS, env: { NAME: "one" }, flags: ["-P", "--hostname", "one.local"] });
  await router.answers("one.local");
  assert.deepEqual(await curl("one.local", router.httpsPort, certificate), { body: "one", version: "2" });
  const old = await curl("one.local", router.httpsPort, certificate, "--http1.1");
  assert.deepEqual(old, { body: "one", version: "1.1" });
});

live("--tls-cert with a folder serves to each host its own certificate", async (stage) => {
  const folder = join(stage.folder, "certificates");
  await Deno.mkdir(folder);
  const hosts = ["a.local", "b.local"];
  const [a, b] = await Promise.all(
    hosts.map((host) => makeCertificate(stage.folder, host, join(folder, `${host}.pem`))),
  );
  assert.ok(a && b);
  const router = await stage.router({ flags: ["--tls-cert", folder] });
  for (const host of hosts) await startContainer({ env: { NAME: host }, flags: ["-P", "--hostname", host] });
  for (const host of hosts) await router.answers(host);
  assert.deepEqual(await curl("a.local", router.httpsPort, a), { body: "a.local", version: "2" });
  assert.deepEqual(await curl("b.local", router.httpsPort, b), { body: "b.local", version: "2" });
  await assert.rejects(curl("b.local", router.httpsPort, a), "b.local is not served a.local's certificate");
});

live(
  "SIGHUP makes signalbox read certificates again, replaced and new ones, and nobody notices",
  async (stage) => {
    const folder = join(stage.folder, "certificates");
    await Deno.mkdir(folder);
    const before = await makeCertificate(stage.folder, "renewed.local", join(folder, "renewed.pem"));
    const router = await stage.router({ flags: ["--tls-cert", folder] });
    for (const host of ["renewed.local", "added.local"]) {
      await startContainer({ env: { NAME: host }, flags: ["-P", "--hostname", host] });
      await router.answers(host);
    }
    const { httpsPort } = router;
    assert.equal((await curl("renewed.local", httpsPort, before)).body, "renewed.local");
    let [after, added] = [before, before];
    const endings = await askWhile(() => router.get("renewed.local"), async () => {
      after = await makeCertificate(stage.folder, "renewed.local", join(folder, "renewed.pem"));
      added = await makeCertificate(stage.folder, "added.local", join(folder, "added.pem"));
      router.program.kill("SIGHUP");
      await eventually(() => curl("renewed.local", httpsPort, after), { what: "the new certificate" });
    });
    assert.deepEqual([...new Set(endings)], [200]);
    await eventually(() => curl("added.local", httpsPort, added), { what: "the added certificate" });
    await assert.rejects(curl("renewed.local", httpsPort, before));
  },
);

live("a certificate that cannot be read after SIGHUP leaves the last good one in place", async (stage) => {
  const certificate = await makeCertificate(stage.folder, "kept.local");
  const router = await stage.router({ flags: ["--tls-cert", certificate.path] });
  await startContainer({ env: { NAME: "kept" }, flags: ["-P", "--hostname", "kept.local"] });
  await router.answers("kept.local");
  const good = await Deno.readTextFile(certificate.path);
  await Deno.writeTextFile(certificate.path, "no certificate\n");
  const endings = await askWhile(() => router.get("kept.local"), async () => {
    router.program.kill("SIGHUP");
    await router.program.waitForEntry({ code: "certificate-unusable", container: certificate.path });
  });
  assert.deepEqual([...new Set(endings)], [200]);
  assert.equal((await curl("kept.local", router.httpsPort, certificate)).body, "kept");
  await Deno.writeTextFile(certificate.path, good);
  await startContainer({ env: { NAME: "next" }, flags: ["-P", "--hostname", "next.local"] });
  await router.answers("next.local");
});
