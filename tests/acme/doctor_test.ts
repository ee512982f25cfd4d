/** What doctor says of fetching certificates. */
import assert from "node:assert/strict";
import { eventually, freePort, httpGet, runProgram } from "../harness/program.ts";
import { acme } from "./acme_stage.ts";
import { type Authority, withAuthority } from "./authority.ts";

/** A folder that outlives a boot. */
async function lastingFolder({ defer }: Authority): Promise<string> {
  const folder = await Deno.makeTempDir({ dir: "/var/tmp", prefix: "sba-" });
  defer(() => Deno.remove(folder, { recursive: true }));
  return folder;
}

type Checked = { readonly name: string; readonly isGood: boolean; readonly detail: string };

/** The checks of doctor, by name. */
async function doctor({ folder, pebble }: Pick<Authority, "folder" | "pebble">, ...flags: readonly string[]) {
  await Deno.writeTextFile(`${folder}/none.json`, "[]");
  const { stdout } = await runProgram([
    ...["doctor", "--json", "--snapshot", `${folder}/none.json`, "--state-dir", `${folder}/state`],
    ...["--acme-email", "me@example.com", "--acme-ca", pebble.ca, "--acme-storage", `${folder}/storage`],
    ...["--http-port", `${freePort()}`, "--https-port", `${freePort()}`, ...flags],
  ]);
  const { checks } = JSON.parse(stdout) as { checks: readonly Checked[] };
  return (name: string) => {
    const [check, ...others] = checks.filter((each) => each.name.startsWith(name));
    assert.deepEqual(others, [], `${name} is one check`);
    assert.ok(check !== undefined, `${name} is not among ${checks.map((each) => each.name)}`);
    return check;
  };
}

withAuthority("doctor looks at the storage, and at who else can write it", {}, async (authority) => {
  const { pebble } = authority;
  const folder = await lastingFolder(authority);
  const flags = ["--acme-directory", pebble.directory];
  const missing = (await doctor({ ...authority, folder }, ...flags))("folder of certificates");
  assert.deepEqual([missing.isGood, /not there yet/.test(missing.detail)], [true, true]);
  await Deno.mkdir(`${folder}/storage/certificates`, { recursive: true, mode: 0o700 });
  const check = await doctor({ ...authority, folder }, ...flags);
  assert.match(check("folder of certificates").detail, /can be written/);
  assert.deepEqual([check("authority").isGood, check("authority").detail], [
    true,
    "it answers, and our clock is right",
  ]);
  assert.match(
    check("port of authorities").detail,
    /forward port 80 to --http-port \d+, and port 443 to --https-port \d+, which doctor cannot see/,
  );
  const atHttps = await doctor({ ...authority, folder }, ...flags, "--acme-challenge", "tls-alpn-01");
  assert.match(
    atHttps("port of authorities").detail,
    /^authorities and clients ask at port 443: something has to forward port 443 to --https-port \d+, which doctor cannot see$/,
  );
  const inside = await doctor({ ...authority, folder }, ...flags, "--bind", "127.0.0.1");
  assert.match(
    inside("port of authorities").detail,
    /--bind 127[.]0[.]0[.]1 is for this machine alone: something has to forward to it, which doctor cannot see$/,
  );
  for (const place of ["storage", "storage/certificates"]) {
    await Deno.chmod(`${folder}/${place}`, 0o777);
    const { isGood, detail } = (await doctor({ ...authority, folder }, ...flags))("folder of certificates");
    assert.equal(isGood, false, place);
    assert.match(detail, new RegExp(`${place} can be written by every user`));
    await Deno.chmod(`${folder}/${place}`, place === "storage" ? 0o700 : 0o777);
  }
  // run does not begin either.
  const args = ["run", "--snapshot", `${folder}/none.json`, "--state-dir", `${folder}/state`, ...flags];
  const storage = ["--acme-email", "me@example.com", "--acme-storage", `${folder}/storage`];
  const { code, stderr } = await runProgram([...args, ...storage]);
  assert.equal(code, 1);
  assert.match(stderr, /can be written by every user/);
});

withAuthority(
  "doctor compares our clock with the authority's, and tells of one that is away",
  {},
  async (authority) => {
    const { pebble, defer } = authority;
    const [cert, key] = await Promise.all(
      ["pem", "key"].map((end) => Deno.readTextFile(`${pebble.folder}/leaf.${end}`)),
    );
    const date = "Thu, 01 Jan 2026 00:00:00 GMT";
    const late = Deno.serve(
      { port: 0, hostname: "127.0.0.1", cert: cert ?? "", key: key ?? "", onListen: () => {} },
      () => new Response("{}", { headers: { date } }),
    );
    defer(() => late.shutdown());
    const check = await doctor(authority, "--acme-directory", `https://127.0.0.1:${late.addr.port}/dir`);
    assert.match(check("authority").detail, /our clock is \d{4,} minutes off/);
    await pebble.stop();
    const away = (await doctor(authority, "--acme-directory", pebble.directory))("authority");
    assert.deepEqual([away.isGood, /refused/.test(away.detail)], [false, true]);
    const lost = await doctor(
      authority,
      ...["--acme-directory", pebble.directory, "--acme-storage", "/run/signalbox-test"],
    );
    assert.match(lost("folder of certificates").detail, /is lost at a boot/);
  },
);

acme(
  "doctor tells which routed hosts lead elsewhere, in one check, while signalbox runs",
  {},
  async (stage) => {
    // No resolver asks anybody for such names (RFC 6761, 6.4).
    const hosts = ["a.invalid", "b.invalid", "c.invalid"];
    const { port, stateDir } = await stage.start({ hosts });
    await eventually(async () => (await httpGet({ port, host: "a.invalid" })).status === 200, {
      what: "a host",
    });
    const flags = ["--acme-directory", stage.pebble.directory, "--state-dir", stateDir];
    const check = await doctor(stage, ...flags, "--routes", `${stage.folder}/routes1.json`);
    const { isGood, detail } = check("names of hosts");
    const whys = hosts.map((host) => `${host} has no address in the DNS, expected one that leads here`);
    assert.deepEqual([isGood, detail], [false, `3 of 3 hosts looked at: ${whys.join("; ")}`]);
  },
);
