/** A certificate that is half-written: what it held before is served on, and others are replaced meanwhile. */
import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { curl, makeCertificate } from "../live/certificates.ts";
import { FaultStage } from "./stage.ts";

Deno.test("one broken certificate costs nobody anything: it serves on, the others are replaced, and it is mended", async () => {
  await using stage = await FaultStage.open({ host: "good.example" }, { host: "other.example" });
  const folder = `${stage.folder}/certificates`;
  await Deno.mkdir(folder);
  await makeCertificate(stage.folder, "good.example", `${folder}/good.pem`);
  const other = await makeCertificate(stage.folder, "other.example", `${folder}/other.pem`);
  const program = stage.start(["--tls-cert", folder]);
  await stage.answers("good.example");

  const whole = await Deno.readTextFile(`${folder}/other.pem`);
  await Deno.writeTextFile(`${folder}/other.pem`, whole.slice(0, 200));
  const renewed = await makeCertificate(stage.folder, "good.example", `${folder}/good.pem`);
  program.kill("SIGHUP");
  await stage.says(program, { code: "certificate-unusable", container: `${folder}/other.pem` });
  await eventually(async () => (await curl("good.example", stage.httpsPort, renewed)).version === "2", {
    what: "the renewed certificate",
  });
  assert.equal((await curl("other.example", stage.httpsPort, other)).version, "2");
  assert.match((await stage.status()).notices.map(({ subject }) => subject).join(), /other\.pem$/);

  const mended = await makeCertificate(stage.folder, "other.example", `${folder}/other.pem`);
  await eventually(async () => (await curl("other.example", stage.httpsPort, mended)).version === "2", {
    what: "the mended certificate, without SIGHUP",
  });
  await eventually(async () => (await stage.status()).notices.length === 0, { what: "no notice to be left" });
});
