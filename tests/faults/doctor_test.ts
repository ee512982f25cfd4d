/** `signalbox doctor` finds each trouble before the first run, and says for each what to do. */
import assert from "node:assert/strict";
import { inspected, World } from "../cli/world.ts";
import { FakeEngine } from "../docker/fake_engine.ts";
import { freePort } from "../harness/http.ts";
import { program } from "../harness/program.ts";

interface Check {
  readonly name: string;
  readonly isGood: boolean;
  readonly detail: string;
  readonly remedy?: string;
}

interface Report {
  readonly code: number;
  readonly isWell: boolean;
  readonly checks: readonly Check[];
}

/** Flags with which all is well. */
const wellFlags = (world: World): Record<string, string> => ({
  "snapshot": "snapshot.json",
  "haproxy": world.haproxy,
  "http-port": `${freePort()}`,
  "https-port": `${freePort()}`,
  "state-dir": `${world.folder}/state`,
  "max-connections": "100",
});

const words = (flags: Readonly<Record<string, string | undefined>>) =>
  Object.entries(flags).flatMap(([name, value]) => value === undefined ? [] : [`--${name}`, value]);

async function diagnose(
  world: World,
  flags: Readonly<Record<string, string | undefined>> = {},
): Promise<Report> {
  const { code, stdout, stderr } = await world.run([
    "doctor",
    "--json",
    ...words({ ...wellFlags(world), ...flags }),
  ]);
  assert.notEqual(stdout, "", stderr);
  return { code, ...JSON.parse(stdout) };
}

/** Asserts that one check failed, with a detail and a remedy, and that it costs the exit code. */
function assertTrouble(report: Report, name: RegExp, detail: RegExp, remedy: RegExp): void {
  assert.equal(report.code, 1);
  assert.equal(report.isWell, false);
  const check = report.checks.find((each) => name.test(each.name));
  assert.ok(check, `no check is called ${name}: ${report.checks.map((each) => each.name)}`);
  assert.equal(check.isGood, false, check.detail);
  assert.match(check.detail, detail);
  assert.match(check.remedy ?? "", remedy);
}

const oneWell = () => World.make(inspected("web", "web.example"));

Deno.test("doctor answers with 0 where all is well, and names each thing that it looked at", async () => {
  await using world = await oneWell();
  const { code, isWell, checks } = await diagnose(world);
  assert.deepEqual({ code, isWell, bad: checks.filter((check) => !check.isGood) }, {
    code: 0,
    isWell: true,
    bad: [],
  });
  assert.deepEqual(checks.map(({ name }) => name.replace(/\d+/, "N")), [
    "haproxy",
    "state directory",
    "port N",
    "file descriptors",
    "config",
    "addresses",
  ]);
  assert.match(checks.at(-2)?.detail ?? "", /: 1 route, 0 warnings /);
});

Deno.test("doctor finds a port that is taken for IPv6 alone", async () => {
  await using world = await oneWell();
  using taken = Deno.listen({ hostname: "::1", port: freePort() });
  const report = await diagnose(world, { "http-port": `${taken.addr.port}` });
  assertTrouble(report, /^port /, /in use/i, /--http-port/);
  const { code } = await diagnose(world, { "http-port": `${taken.addr.port}`, bind: "127.0.0.1" });
  assert.equal(code, 0, "HAProxy is to listen on another address");
});

Deno.test("doctor leaves no state directory behind where there was none", async () => {
  await using world = await oneWell();
  assert.equal((await diagnose(world)).code, 0);
  await assert.rejects(Deno.stat(`${world.folder}/state`), Deno.errors.NotFound);
});

Deno.test("doctor needs no shell", async () => {
  await using world = await oneWell();
  const { code, stdout, stderr } = await world.run(["doctor", "--json", ...words(wellFlags(world))], {
    env: { PATH: "/nowhere" },
  });
  assert.equal(code, 0, stderr);
  const { checks } = JSON.parse(stdout) as Report;
  assert.ok(checks.length > 3 && checks.every(({ name }) => name !== "file descriptors"));
});

Deno.test("doctor's report for people has a line a check, and the remedy beneath what failed", async () => {
  await using world = await oneWell();
  const flags = { ...wellFlags(world), haproxy: "/nowhere/haproxy" };
  const { code, stdout } = await world.run(["doctor", ...words(flags)]);
  assert.equal(code, 1);
  assert.match(stdout, /^ok {4}state directory: /m);
  assert.match(stdout, /^FAIL {2}haproxy: .*\n {6}install HAProxy/m);
});

Deno.test("doctor finds Docker missing", async () => {
  await using world = await oneWell();
  const report = await diagnose(world, {
    "snapshot": undefined,
    "docker-host": `unix://${world.folder}/none`,
  });
  assertTrouble(
    report,
    /^Docker at unix/,
    /^(?!.*error sending request).*No such file/i,
    /start Docker.*--docker-host/,
  );
});

Deno.test("doctor reads an engine that is there, and counts its containers", async () => {
  await using world = await oneWell();
  await using engine = await FakeEngine.start();
  engine.run("aa");
  const { code, checks } = await diagnose(world, {
    "snapshot": undefined,
    "docker-host": `unix://${engine.path}`,
  });
  assert.equal(code, 0);
  assert.match(checks[0]?.detail ?? "", /28\.0\.0.*1 running/);
  assert.ok(engine.requests.every((request) => request.startsWith("GET ")));
});

Deno.test("doctor finds haproxy missing", async () => {
  await using world = await oneWell();
  const report = await diagnose(world, { haproxy: `${world.folder}/haproxy` });
  assertTrouble(report, /^haproxy$/, /haproxy/, /install HAProxy 2\.4 or later/);
});

Deno.test("doctor finds haproxy too old", async () => {
  await using world = await oneWell();
  const old = await world.write("haproxy", '#!/bin/sh\necho "HA-Proxy version 2.2.9 2023/02/14"\n');
  await Deno.chmod(old, 0o755);
  assertTrouble(await diagnose(world, { haproxy: old }), /^haproxy$/, /2\.2\.9.*too old/, /2\.4 or later/);
});

Deno.test("doctor finds a state directory that cannot be made", async () => {
  await using world = await oneWell();
  const report = await diagnose(world, { "state-dir": `${world.folder}/snapshot.json/state` });
  assertTrouble(report, /^state directory$/, /snapshot\.json\/state/, /--state-dir/);
});

Deno.test("doctor finds a state directory whose path is too long for the sockets in it", async () => {
  await using world = await oneWell();
  const report = await diagnose(world, { "state-dir": `${world.folder}/${"d".repeat(81)}` });
  assertTrouble(report, /^state directory$/, /80 bytes/, /--state-dir/);
});

Deno.test("doctor finds a port that another program has, and names the flag that chooses another", async () => {
  await using world = await oneWell();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const ofHttp = await diagnose(world, { "http-port": `${port}`, "bind": "127.0.0.1" });
  assertTrouble(ofHttp, /^port \d+$/, /in use/i, /ss -ltnp.*--http-port/);
  const ofAdmin = await diagnose(world, { "admin": `127.0.0.1:${port}` });
  assertTrouble(ofAdmin, new RegExp(`^port ${port}$`), /in use/i, /ss -ltnp.*--admin/);
});

for (
  const [what, makeCertificate, detail] of [
    ["is missing", undefined, /no such file/i],
    [
      "is no PEM",
      (world: World) => world.write("cert.pem", "hello\n"),
      /cert\.pem holds no certificate/,
    ],
  ] as const
) {
  Deno.test(`doctor finds that the certificate ${what}`, async () => {
    await using world = await oneWell();
    await makeCertificate?.(world);
    const report = await diagnose(world, { "tls-cert": `${world.folder}/cert.pem` });
    assertTrouble(report, /^certificate$/, detail, /expected PEM/);
  });
}

Deno.test("doctor takes a folder in which no certificate is yet, and names one in it that cannot be used", async () => {
  await using world = await oneWell();
  const folder = `${world.folder}/certs`;
  await Deno.mkdir(folder);
  const { code, checks } = await diagnose(world, { "tls-cert": folder });
  assert.equal(code, 0);
  assert.match(checks.find(({ name }) => name === "certificate")?.detail ?? "", /no certificate yet/);
  await Deno.writeTextFile(
    `${folder}/half.pem`,
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
  );
  assertTrouble(
    await diagnose(world, { "tls-cert": folder }),
    /^certificate$/,
    /half\.pem: .*read/,
    /expected PEM/,
  );
});

Deno.test("doctor finds that a certificate's key is missing", async () => {
  await using world = await oneWell();
  const made = await new Deno.Command("openssl", {
    args: ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=a"]
      .concat("-keyout", `${world.folder}/key`, "-out", `${world.folder}/cert.pem`),
    stderr: "null",
  }).output();
  assert.ok(made.success);
  const report = await diagnose(world, { "tls-cert": `${world.folder}/cert.pem` });
  assertTrouble(
    report,
    /^certificate$/,
    /cert\.pem.*no private key/i,
    /expected PEM/,
  );
});

Deno.test("doctor finds too few file descriptors, which haproxy -c does not see", async () => {
  await using world = await oneWell();
  const flags = { ...wellFlags(world), "max-connections": "2000" };
  const { code, stdout } = await new Deno.Command("sh", {
    args: ["-c", 'ulimit -n 900; exec "$@"', "sh", ...program(), "doctor", "--json", ...words(flags)],
    cwd: world.folder,
    stderr: "inherit",
  }).output();
  const report: Report = { code, ...JSON.parse(new TextDecoder().decode(stdout)) };
  assertTrouble(report, /^file descriptors$/, /900 allowed.*5000 needed/, /ulimit.*LimitNOFILE/);
});

Deno.test("doctor tells how many servers HAProxy can have, and that there are more", async () => {
  const containers = Array.from({ length: 400 }, (_, at) => inspected(`c${1_000 + at}`, `c${at}.example`));
  for (const [count, isGood] of [[3, true], [400, false]] as const) {
    await using world = await World.make(...containers.slice(0, count));
    const { stdout } = await new Deno.Command("prlimit", {
      args: ["--nofile=1024", ...program(), "doctor", "--json", ...words(wellFlags(world))],
      cwd: world.folder,
      stderr: "inherit",
    }).output();
    const { checks }: Report = JSON.parse(new TextDecoder().decode(stdout));
    const check = checks.find(({ name }) => name === "file descriptors");
    assert.match(
      check?.detail ?? "",
      new RegExp(`1024 allowed.* can have [23]\\d\\d servers, and now has ${count}$`),
    );
    assert.equal(check?.isGood, isGood);
  }
});

Deno.test("doctor finds a config that HAProxy refuses, and tells its words", async () => {
  await using world = await oneWell();
  await world.write("templates/unknown_host.eta", "backend _unknown_host\n    no-such-word here\n");
  const report = await diagnose(world, { templates: "templates" });
  assertTrouble(report, /^config$/, /no-such-word/, /fix what the message names.*--validate/);
});

Deno.test("doctor finds a template that cannot be compiled, and names the file and the line", async () => {
  await using world = await oneWell();
  await world.write("templates/backend.eta", "backend x\n    balance <%= it.balance\n");
  assertTrouble(await diagnose(world, { templates: "templates" }), /^config$/, /backend\.eta.*line 2/, /./);
});

Deno.test("doctor reads the file of passwords for --admin, and who else can change it", async () => {
  await using world = await oneWell();
  const admin = `127.0.0.1:${freePort()}`;
  const hash = `{SHA256}salt$${"a".repeat(64)}`;
  const file = await world.write("users", `ann:${hash}\nbob:${hash}\n`);
  const flags = { admin, "admin-password-file": file };
  const { code, checks } = await diagnose(world, flags);
  assert.deepEqual([code, checks.find(({ name }) => name === "--admin-password-file")?.detail], [
    0,
    `2 users, and nobody else can change ${file}`,
  ]);
  const name = /^--admin-password-file$/;
  await Deno.chmod(file, 0o666);
  assertTrouble(await diagnose(world, flags), name, /users/, /owner or mode/);
  await Deno.chmod(file, 0o600);
  assertTrouble(
    await diagnose(world, { ...flags, admin: undefined }),
    name,
    /without --admin/,
    /--admin ADDRESS/,
  );
  const yescrypt = "$y$j9T$abcdefghijklmnop$3dL1LkYnZM.OVXuVdnnaKVDlLYT92dRwOzDZ5XiVCe.";
  await world.write("users", `ann:${hash}\nbob:${yescrypt}\n`);
  const report = await diagnose(world, flags);
  assertTrouble(report, name, /in line 2 no hash of yescrypt's .*bcrypt/, /signalbox password USER/);
  assert.doesNotMatch(JSON.stringify(report), /3dL1LkYn|aaaaaaaa/, "no hash is told");
  assertTrouble(
    await diagnose(world, { ...flags, "admin-password-file": `${world.folder}/none` }),
    name,
    /cannot read/,
    /signalbox password USER/,
  );
});

Deno.test("doctor leaves nothing in a state directory that it found", async () => {
  await using world = await oneWell();
  await Deno.mkdir(`${world.folder}/state`);
  await diagnose(world);
  assert.deepEqual([...Deno.readDirSync(`${world.folder}/state`)], []);
});
