/** SIGHUP while a certificate is half-written: what was asked for is owed until it is done. */
import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { curl, makeCertificate } from "../live/certificates.ts";
import { FaultStage } from "./stage.ts";

Deno.test("a SIGHUP that found a broken certificate is done once it is mended, and changes go on until then", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const folder = `${stage.folder}/certificates`;
  await Deno.mkdir(folder);
  await makeCertificate(stage.folder, "good.example", `${folder}/good.pem`);
  await makeCertificate(stage.folder, "other.example", `${folder}/other.pem`);
  const whole = await Deno.readTextFile(`${folder}/other.pem`);
  const program = stage.start(["--tls-cert", folder]);
  await stage.answers("good.example");

  const renewed = await makeCertificate(stage.folder, "good.example", `${folder}/good.pem`);
  await Deno.writeTextFile(`${folder}/other.pem`, whole.slice(0, 200));
  program.kill("SIGHUP");
  await stage.says(program, /"level":"error".*other\.pem/);
  await stage.want({ host: "good.example" }, { host: "next.example" });
  await stage.answers("next.example");
  assert.match(
    (await stage.status()).trouble ?? "",
    /other\.pem/,
    "a change meanwhile puts it right no more than before",
  );

  await Deno.writeTextFile(`${folder}/other.pem`, whole);
  await eventually(async () => (await curl("good.example", stage.httpsPort, renewed)).version === "2", {
    what: "the renewed certificate",
    limitMs: 20_000,
  });
  await eventually(async () => (await stage.status()).trouble === undefined, {
    what: "no trouble to be left",
  });
});
