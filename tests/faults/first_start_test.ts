/** A start that could listen on nothing says so and ends; one that has served before goes on trying, and tells who asks. */
import assert from "node:assert/strict";
import { eventually } from "../harness/eventually.ts";
import { eventsOf, holding } from "../harness/events.ts";
import { runProgram } from "../harness/program.ts";
import { curl, makeCertificate } from "../live/certificates.ts";
import { makePem } from "./pem.ts";
import { errors, FaultStage } from "./stage.ts";

const ask = (stage: FaultStage, command: "status" | "doctor", ...flags: readonly string[]) =>
  runProgram([command, "--state-dir", stage.stateDir, ...flags]);

/** Serves once, and ends. */
async function serveOnce(stage: FaultStage, ...flags: readonly string[]): Promise<void> {
  const before = stage.start(flags);
  await stage.answers("good.example");
  assert.equal(await before.stop(), 0);
}

Deno.test("a first start whose port another program has ends with 1, and says what to do in doctor's words", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  using _taken = Deno.listen({ hostname: "127.0.0.1", port: stage.port });
  const program = stage.start();
  assert.equal(await program.exited, 1);
  const [error, ...others] = program.lines.filter((line) => line.startsWith("error: "));
  assert.deepEqual(others, []);
  const trouble =
    `port ${stage.port}: .*in use.*stop the program that has it \\(ss -ltnp tells which\\), or .*--http-port`;
  assert.match(error ?? "", new RegExp(`^error: cannot begin: ${trouble}`));
});

Deno.test("a first start without its certificate ends with 1, and says what to do; with it, the next one serves", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const path = `${stage.folder}/site.pem`;
  const program = stage.start(["--tls-cert", path]);
  assert.equal(await program.exited, 1);
  assert.match(
    program.lines.at(-1) ?? "",
    /^error: cannot begin: certificate: .*site\.pem.*; expected PEM: /,
  );
  await Deno.writeTextFile(path, await makePem(stage.folder, "good.example"));
  stage.start(["--tls-cert", path]);
  await stage.answers("good.example");
});

Deno.test("a pipe in the folder of certificates, or in the place of one, is waited for by nobody", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const folder = `${stage.folder}/certificates`;
  await Deno.mkdir(folder);
  assert.ok((await new Deno.Command("mkfifo", { args: [`${folder}/pipe.pem`] }).output()).success);
  const refused = stage.start(["--tls-cert", `${folder}/pipe.pem`]);
  assert.equal(await refused.exited, 1);
  assert.match(refused.lines.at(-1) ?? "", /^error: .*pipe\.pem is no regular file/);
  await Deno.writeTextFile(`${folder}/site.pem`, await makePem(stage.folder, "good.example"));
  stage.start(["--tls-cert", folder]);
  await stage.answers("good.example");
});

Deno.test("a later start whose port is taken says once what to do, goes on trying, and status and doctor tell it", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  await serveOnce(stage);
  const taken = Deno.listen({ hostname: "127.0.0.1", port: stage.port });
  const program = stage.start();
  await stage.says(program, { event: "behind", level: "error", msg: holding(`127.0.0.1:${stage.port}`) });
  await eventually(async () => (await stage.status()).trouble !== undefined, { what: "status to know it" });
  const { code, stdout } = await ask(stage, "status");
  assert.equal(code, 1);
  assert.match(stdout, /^haproxy: NOT SERVING/m);
  assert.match(stdout, new RegExp(`^haproxy is to listen on: 127\\.0\\.0\\.1:${stage.port}$`, "m"));
  assert.match(stdout, /^NOT IN STEP: .*ss -ltnp/m);
  assert.equal((await ask(stage, "status", "--json")).code, 1);
  const flags = ["--snapshot", `${stage.folder}/snapshot.json`, "--http-port", `${stage.port}`];
  const diagnosis = await ask(stage, "doctor", ...flags, "--bind", "127.0.0.1", "--max-connections", "100");
  assert.equal(diagnosis.code, 1);
  assert.match(
    diagnosis.stdout,
    new RegExp(`^FAIL {2}port ${stage.port}: .*in use.*\\n +stop the program`, "m"),
  );
  assert.match(
    diagnosis.stdout,
    /^FAIL {2}the signalbox that runs: HAProxy does not serve; HAProxy is not in step/m,
  );
  taken.close();
  await stage.answers("good.example");
  await eventually(async () => (await ask(stage, "status")).code === 0, { what: "status to answer with 0" });
  assert.equal(eventsOf(program.lines, "behind").length, 1, errors(program).join("\n"));
});

Deno.test("a later start without its certificate serves all the same, names it, and takes it once it is there", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const certificate = await makeCertificate(stage.folder, "good.example", `${stage.folder}/site.pem`);
  await serveOnce(stage, "--tls-cert", certificate.path);
  await Deno.rename(certificate.path, `${certificate.path}.away`);
  const program = stage.start(["--tls-cert", certificate.path]);
  await stage.says(program, { level: "warn", container: certificate.path });
  await stage.answers("good.example");
  await Deno.rename(`${certificate.path}.away`, certificate.path);
  await eventually(async () => (await curl("good.example", stage.httpsPort, certificate)).version === "2", {
    what: "the certificate that came",
  });
  assert.deepEqual(errors(program), []);
  assert.deepEqual((await stage.status()).notices, []);
});

Deno.test("run, status and doctor name what is listened on", async () => {
  await using stage = await FaultStage.open({ host: "good.example" });
  const path = await stage.write("site.pem", await makePem(stage.folder, "good.example"));
  const program = stage.start(["--tls-cert", path]);
  await stage.answers("good.example");
  const listeners = `127\\.0\\.0\\.1:${stage.port}, 127\\.0\\.0\\.1:${stage.httpsPort} \\(TLS\\)`;
  await stage.says(program, { event: "haproxy-listening", listeners: listeners.replaceAll("\\", "") });
  const { code, stdout } = await ask(stage, "status");
  assert.equal(code, 0);
  assert.match(stdout, new RegExp(`^haproxy listens on: ${listeners}$`, "m"));
  assert.deepEqual((await stage.status()).listeners, [
    { address: "127.0.0.1", port: stage.port, isTls: false },
    { address: "127.0.0.1", port: stage.httpsPort, isTls: true },
  ]);
  const flags = [
    "--snapshot",
    `${stage.folder}/snapshot.json`,
    "--max-connections",
    "100",
    "--tls-cert",
    path,
  ];
  const ports = ["--http-port", `${stage.port}`, "--https-port", `${stage.httpsPort}`, "--bind", "127.0.0.1"];
  const diagnosis = await ask(stage, "doctor", ...flags, ...ports);
  assert.equal(diagnosis.code, 0, diagnosis.stdout);
  assert.match(
    diagnosis.stdout,
    new RegExp(`^ok {4}port ${stage.port}: the signalbox that runs listens`, "m"),
  );
  assert.match(diagnosis.stdout, /^ok {4}the signalbox that runs: pid \d+, in step$/m);
});
