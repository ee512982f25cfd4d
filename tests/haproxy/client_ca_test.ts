/** Clients that show a certificate of their own (`client_ca`), and those that try to come in without the right one. */
import assert from "node:assert/strict";
import { CertificateFiles } from "../../lib/certificates/certificate_files.ts";
import { makeAuthority, signed } from "../certificates/authorities.ts";
import { makePair, NOW } from "../certificates/files.ts";
import { decodeSnapshot } from "../../lib/docker/file/snapshot_file.ts";
import { freePort, httpGet } from "../harness/http.ts";
import { curl } from "./curl.ts";
import { Echo } from "./echo.ts";
import { snapshotOf } from "./one_route.ts";
import type { HaproxyProgram } from "../harness/haproxies.ts";
import { called, canAddServers, everyProgram, onStage, type Stage } from "./stage.ts";

/** Every kind of attribute that an issuer's name may have. */
const STAFF =
  "/C=DE/ST=Berlin/L=Mitte/O=Sta\\/ff = ä/OU=a+b/OU=c/DC=test/UID=7/CN=Staff/emailAddress=a@b.test";

class World implements AsyncDisposable {
  readonly port = freePort();
  readonly echo = new Echo();
  readonly #files: CertificateFiles;

  private constructor(readonly folder: string) {
    const at = (name: string) => `${folder}/${name}`;
    this.#files = new CertificateFiles([
      { path: at("tls"), origin: "file" },
      { path: at("clients"), origin: "client-ca" },
    ], undefined);
  }

  static async open(): Promise<World> {
    const folder = await Deno.makeTempDir();
    for (const name of ["tls", "clients", "made"]) await Deno.mkdir(`${folder}/${name}`);
    const made = `${folder}/made`;
    const { crt, key } = await makePair(made, "hosts", ["one.test", "two.test", "open.test"]);
    await Deno.writeTextFile(`${folder}/tls/hosts.pem`, crt + key);
    await Deno.writeTextFile(`${folder}/clients/staff.pem`, await makeAuthority(made, "staff", STAFF));
    const partners = await makeAuthority(made, "partners", "/O=Partners");
    await Deno.writeTextFile(`${folder}/clients/partners.pem`, partners);
    for (const [name, by] of [["ann", "staff"], ["bob", "partners"]] as const) {
      await signed(made, name, { by });
    }
    await makePair(made, "stranger", []);
    return new World(folder);
  }

  get settings(): Readonly<Record<string, string>> {
    return {
      "tls-cert": `${this.folder}/tls`,
      "client-ca": `${this.folder}/clients`,
      "https-port": `${this.port}`,
    };
  }

  /** Applies containers that say these things, each at the same address; answers with the kind of the plan. */
  async apply(stage: Stage, ...all: readonly Readonly<Record<string, unknown>>[]): Promise<string> {
    const decoded = decodeSnapshot(snapshotOf(all.map((data) => ({ port: this.echo.port, data }))));
    assert.ok(decoded.ok);
    const said = {
      containers: decoded.value.containers,
      stopping: new Set<never>(),
      starting: new Set<never>(),
    };
    const { design } = stage.routing;
    const { model } = design.build(said, undefined, undefined, await this.#files.read(NOW));
    const desired = design.render(model);
    const applied = await stage.apply({ desired, states: new Map() });
    return applied.plan.kind;
  }

  /** Asks for a host over a connection to a name, with a certificate or none; answers with the status, 0 for no handshake. */
  async ask(name: string, as?: string, ...more: readonly string[]): Promise<number> {
    return (await curl(this.port, `https://${name}/`, ...this.showing(as), ...more)).status;
  }

  showing(as: string | undefined): readonly string[] {
    const made = `${this.folder}/made/${as}`;
    return as === undefined ? [] : ["--cert", `${made}.crt`, "--key", `${made}.key`];
  }

  /** What openssl says of a request on a session that is kept in a file, and what is answered. */
  async shake(name: string, as: string | undefined, ...flags: readonly string[]): Promise<string> {
    const made = `${this.folder}/made/${as}`;
    const shown = as === undefined ? [] : ["-cert", `${made}.crt`, "-key", `${made}.key`];
    const child = new Deno.Command("openssl", {
      args: [
        ...["s_client", "-connect", `127.0.0.1:${this.port}`, "-servername", name, "-ign_eof"],
        ...[...shown, ...flags],
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(
      new TextEncoder().encode(`GET / HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`),
    ).catch(() => undefined);
    const { stdout } = await child.output();
    await writer.close().catch(() => undefined);
    return new TextDecoder().decode(stdout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.echo[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

const ONE = { hostname: "one.test", client_ca: "staff" };
const TWO = { hostname: "two.test", client_ca: "partners.pem" };
const OPEN = { hostname: "open.test" };

/** Asks for one.test without a certificate while `act` runs; answers with the statuses that came. */
async function besides(world: World, act: () => Promise<void>): Promise<ReadonlySet<number>> {
  const statuses = new Set<number>();
  let isOver = false;
  const begun = Promise.withResolvers<void>();
  const asking = async () => {
    while (!isOver) {
      const asked = httpGet({ port: world.port, host: "one.test", tls: true });
      statuses.add(await asked.then(({ status }) => status, () => 0));
      begun.resolve();
    }
  };
  const loop = asking();
  // What was answered before is a part of it.
  await begun.promise;
  await act().finally(() => isOver = true);
  await loop;
  return statuses;
}

/** HAProxy writes what it knows of a certificate alike from 3.0 on. */
const isTelling = ({ version, addsBackends }: HaproxyProgram): boolean =>
  addsBackends !== true && /^(?:2[.]6|3[.]2)/.test(version);

for (const program of everyProgram.filter(canAddServers)) {
  Deno.test(`${called(program)}: clients come in with a certificate of the route's own authorities, and by no other way`, async () => {
    await using world = await World.open();
    await onStage(program, { settings: world.settings }, async (stage) => {
      await world.apply(stage, ONE, TWO, OPEN);
      assert.equal(await world.ask("one.test", "ann"), 200);
      assert.equal(await world.ask("one.test", "ann", "--http1.1"), 200);
      assert.equal(await world.ask("two.test", "bob"), 200);
      assert.equal(await world.ask("open.test"), 200);
      assert.equal(await world.ask("open.test", "bob"), 200);
      assert.equal(await world.ask("one.test"), 403, "without one");
      assert.equal(await world.ask("one.test", "bob"), 0, "by another's authority");
      assert.equal(await world.ask("one.test", "stranger"), 0, "that signed itself");

      // Over a connection that is for another host, as browsers share them (RFC 9113, 9.1.1).
      for (const version of ["--http1.1", "--http2"]) {
        const to = (host: string) => [version, "-H", `Host: ${host}`];
        assert.equal(await world.ask("one.test", "ann", ...to("two.test")), 421);
        assert.equal(await world.ask("open.test", "ann", ...to("one.test")), 421);
        assert.equal(await world.ask("one.test", "ann", ...to("open.test")), 200);
      }
      const plain = (headers?: Record<string, string>) =>
        httpGet({ port: stage.httpPort, host: "one.test", ...headers && { headers } });
      assert.equal((await plain()).status, 308);
      assert.equal((await plain({ "X-Forwarded-Proto": "https", "X-SSL-Client-Verify": "0" })).status, 308);

      // A session of one host for another: TLS 1.3 of old versions would resume it.
      for (const version of ["-tls1_3", "-tls1_2"]) {
        const session = `${world.folder}/session`;
        for (const [name, as] of [["one.test", "ann"], ["open.test", undefined]] as const) {
          assert.match(await world.shake(name, as, version, "-sess_out", session), /HTTP\/1\.1 200/);
          const there = await Deno.stat(session).then(() => true, () => false);
          const resuming = there ? ["-sess_in", session] : [];
          const answer = await world.shake("two.test", undefined, version, ...resuming);
          assert.match(answer, /HTTP\/1\.1 403/, `${version} ${name}`);
          assert.doesNotMatch(answer, /^Reused/m);
          await Deno.remove(session).catch(() => undefined);
        }
      }
    });
  });

  if (isTelling(program)) {
    Deno.test(`${called(program)}: the container sees whose certificate it was, and nothing that a client says of one`, async () => {
      await using world = await World.open();
      await onStage(program, { settings: world.settings }, async (stage) => {
        await world.apply(stage, ONE, OPEN);
        const lies = [
          "X-Client-Cert-Subject: CN=root",
          "x_client_cert_fingerprint: 00",
          "X-Client.Cert-Subject: x",
        ];
        const said = lies.flatMap((line) => ["-H", line]);
        const { body } = await curl(world.port, "https://one.test/", ...world.showing("ann"), ...said);
        assert.match(body, /^x-client-cert-subject: CN=ann\r$/im);
        const pem = await Deno.readTextFile(`${world.folder}/made/ann.crt`);
        const der = Uint8Array.fromBase64(pem.split("\n").filter((line) => !line.startsWith("-")).join(""));
        const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", der)).toHex();
        assert.match(body, new RegExp(`^x-client-cert-fingerprint: ${sum}\r$`, "im"));
        assert.doesNotMatch(body, /root|client_cert|client\.cert/i);
        assert.doesNotMatch((await curl(world.port, "https://open.test/", ...said)).body, /client.cert/i);
      });
    });
  }

  Deno.test(`${called(program)}: no younger container has an older one's clients asked, by a path of its host or a wildcard above it`, async () => {
    await using world = await World.open();
    await onStage(program, { settings: world.settings }, async (stage) => {
      const shop = { hostname: "shop.open.test" };
      const isAsked = async (name: string) =>
        /^Acceptable client certificate CA names$/m.test(await world.shake(name, undefined));
      await world.apply(stage, shop);
      assert.equal(await isAsked("shop.open.test"), false);
      const path = { hostname: "shop.open.test", context_root: "/x", client_ca: "staff" };
      const above = { hostname: "*.open.test", client_ca: "staff" };
      assert.equal(await world.apply(stage, shop, path, above), "runtime");
      assert.equal(await isAsked("x.open.test"), true);
      assert.equal(await isAsked("shop.open.test"), false);
      assert.equal(await world.ask("shop.open.test"), 200);
      assert.equal(await world.ask("shop.open.test", "bob"), 200, "any certificate");
      assert.equal((await curl(world.port, "https://shop.open.test/x", ...world.showing("ann"))).status, 403);
      assert.equal(await world.ask("x.open.test", "ann"), 200);
      assert.equal(await world.apply(stage, above), "runtime");
      assert.equal(await isAsked("shop.open.test"), true, "its own clients");
      assert.deepEqual(await stage.applier.audit(), []);
    });
  });

  Deno.test(`${called(program)}: who is asked changes without a reload, and nobody comes in on the way`, async () => {
    await using world = await World.open();
    await onStage(program, { settings: world.settings }, async (stage) => {
      await world.apply(stage, OPEN, { ...TWO, hostname: "other.test" });
      const statuses = await besides(world, () => change(world, stage));
      assert.deepEqual([...statuses].sort(), [403, 404]);
    });
  });
}

/** Has hosts come, be asked otherwise and go. */
async function change(world: World, stage: Stage): Promise<void> {
  assert.equal(await world.apply(stage, OPEN, ONE), "runtime", "a new host");
  assert.equal(await world.ask("one.test", "ann"), 200);
  assert.equal(await world.ask("one.test"), 403);
  assert.equal(
    await world.apply(stage, { ...OPEN, client_ca: "staff" }, ONE),
    "runtime",
    "one that was open",
  );
  assert.equal(await world.ask("open.test"), 403);
  assert.equal(await world.ask("open.test", "ann"), 200);
  assert.equal(
    await world.apply(stage, { ...OPEN, client_ca: "partners" }, ONE),
    "runtime",
    "other authorities",
  );
  assert.equal(await world.ask("open.test", "ann"), 0);
  assert.equal(await world.ask("open.test", "bob"), 200);
  assert.deepEqual(await stage.applier.audit(), []);

  // The same name of a file, and another authority in it.
  const next = await makeAuthority(`${world.folder}/made`, "next", "/O=Next");
  await Deno.writeTextFile(`${world.folder}/clients/staff.pem`, next);
  await signed(`${world.folder}/made`, "eve", { by: "next" });
  assert.equal(await world.apply(stage, OPEN, ONE), "runtime");
  assert.deepEqual([await world.ask("one.test", "ann"), await world.ask("one.test", "eve")], [0, 200]);
  assert.equal(await world.ask("open.test"), 200, "open again");
  await stage.replace();
  assert.equal(await world.apply(stage, OPEN, ONE), "nothing", "the next signalbox knows what is there");

  await Deno.remove(`${world.folder}/clients/staff.pem`);
  assert.equal(await world.apply(stage, OPEN, ONE), "runtime");
  assert.deepEqual([await world.ask("one.test", "eve"), await world.ask("one.test")], [403, 403]);
  assert.equal(stage.generation(), 1, "it was loaded once");
}
