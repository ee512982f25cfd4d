/** Certificates of one's own, as clients see them: on each HAProxy, at its start and while it runs. */
import assert from "node:assert/strict";
import { CertificateFiles } from "../../lib/certificates/certificate_files.ts";
import { makeSelfSigned, readSelfSigned } from "../../lib/certificates/self_signed.ts";
import type { Desired } from "../../lib/core/config/render.ts";
import { emptySnapshot, type Snapshot } from "../../lib/core/snapshot/snapshot.ts";
import { decodeSnapshot } from "../../lib/docker/file/snapshot_file.ts";
import { makePair, NOW } from "../certificates/files.ts";
import { freePort, httpGet } from "../harness/http.ts";
import { shakeHands } from "./handshake.ts";
import { snapshotOf } from "./one_route.ts";
import { called, onStage, programs, type Stage } from "./stage.ts";

const selfSigned = readSelfSigned(
  await makeSelfSigned(NOW),
  NOW,
);

/** A folder of certificates, and an HAProxy that is kept in step with it. */
class Certificates implements AsyncDisposable {
  readonly #files: CertificateFiles;

  private constructor(readonly folder: string, readonly made: string, readonly port: number) {
    this.#files = new CertificateFiles([{ path: folder, origin: "file" }], selfSigned);
  }

  static async open(): Promise<Certificates> {
    return new Certificates(await Deno.makeTempDir(), await Deno.makeTempDir(), freePort());
  }

  get settings(): Readonly<Record<string, string>> {
    return { "tls-cert": this.folder, "https-port": String(this.port) };
  }

  /** Puts a new certificate for hosts into the folder. */
  async put(name: string, ...hosts: readonly string[]): Promise<void> {
    const { crt, key } = await makePair(this.made, name, hosts);
    await Deno.writeTextFile(`${this.folder}/${name}.pem`, `${crt}\n${key}`);
  }

  async want(stage: Stage, said: Snapshot = emptySnapshot): Promise<Desired> {
    const { design } = stage.routing;
    const found = await this.#files.read(NOW);
    return design.render(design.build(said, undefined, undefined, found).model);
  }

  /** Applies what the folder holds, and what containers say; answers with the kind of the plan. */
  async apply(stage: Stage, ...data: readonly Readonly<Record<string, unknown>>[]): Promise<string> {
    const decoded = decodeSnapshot(snapshotOf(data.map((data) => ({ port: this.port, data }))));
    assert.ok(decoded.ok);
    const said = { ...emptySnapshot, containers: decoded.value.containers };
    const applied = await stage.apply({ desired: await this.want(stage, said), states: new Map() });
    return applied.plan.kind;
  }

  /** By which certificate names are answered: that of a file, or the one that signed itself. */
  async shown(...names: readonly (string | undefined)[]): Promise<string> {
    const { certificates } = await this.#files.read(NOW);
    const known = [...certificates, ...selfSigned === undefined ? [] : [selfSigned]];
    const shown = await Promise.all(names.map((name) => shakeHands(this.port, name)));
    return shown.map(({ fingerprint }) => known.find((each) => each.fingerprint === fingerprint)?.name)
      .join();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.folder, this.made].map((each) => Deno.remove(each, { recursive: true })));
  }
}

for (const program of programs) {
  Deno.test(`${called(program)}: each host has its certificate, others the first one, and HAProxy has copies of its own`, async () => {
    await using given = await Certificates.open();
    await given.put("a", "a.test");
    await given.put("b", "b.test", "*.b.test");
    await onStage(program, { settings: given.settings }, async (stage) => {
      await given.apply(stage);
      const hosts = ["a.test", "b.test", "x.b.test", "c.test", undefined];
      assert.equal(await given.shown(...hosts), "a.pem,b.pem,b.pem,a.pem,a.pem");
      const generation = await Deno.realPath(`${stage.stateDir}/current/certs.d`);
      for await (const { name } of Deno.readDir(generation)) {
        const { mode, isFile } = await Deno.lstat(`${generation}/${name}`);
        assert.ok(isFile && ((mode ?? 0) & 0o777) === 0o600, name);
      }
      assert.equal(((await Deno.stat(generation)).mode ?? 0) & 0o777, 0o700);
      assert.equal(await given.apply(stage), "nothing");
    });
  });

  Deno.test(`${called(program)}: a route names the certificate that its clients are shown (ssl_cert)`, async () => {
    await using given = await Certificates.open();
    for (const name of ["a", "b", "c"]) await given.put(name, "one.test", "two.test");
    await onStage(program, { settings: given.settings }, async (stage) => {
      for (const [one, two] of [["b", "c.pem"], ["a", "b"], ["c", "a"]] as const) {
        await given.apply(
          stage,
          { hostname: "one.test", ssl_cert: one },
          { hostname: "two.test", ssl_cert: two },
        );
        const shown = [one, two].map((name) => `${name.replace(".pem", "")}.pem`).join();
        assert.equal(await given.shown("one.test", "two.test"), shown);
      }
      assert.equal(stage.generation(), 1, "another name is no reload");
    });
  });

  Deno.test(`${called(program)}: a listener without any certificate shows one that signed itself`, async () => {
    await using given = await Certificates.open();
    await onStage(program, { settings: given.settings }, async (stage) => {
      await given.apply(stage);
      assert.equal(await given.shown("a.test", undefined), "self-signed,self-signed");
    });
  });

  Deno.test(`${called(program)}: certificates come, are replaced and go without a reload, the default too, and HAProxy says so`, async () => {
    await using given = await Certificates.open();
    await onStage(program, { settings: given.settings }, async (stage) => {
      await given.apply(stage);
      await given.put("a", "a.test");
      assert.equal(await given.apply(stage), "runtime");
      assert.equal(await given.shown("a.test", "b.test"), "a.pem,a.pem", "the first one is the default");
      await given.put("b", "b.test", "a.test");
      await given.put("c", "*.c.test");
      assert.equal(await given.apply(stage), "runtime");
      assert.match(await given.shown("a.test", "b.test", "x.c.test"), /^(?:a|b)\.pem,b\.pem,c\.pem$/);
      // Files are called so that have authorities, what servers are shown, and answers.
      for (const name of ["_ca-clients-d", "_cert-d", "_answer-0", "_default"]) {
        await given.put(name, `${name}.d.test`);
      }
      assert.equal(await given.apply(stage), "runtime");
      await given.put("_ca-clients-d", "_ca-clients-d.d.test", "d.test");
      assert.equal(await given.apply(stage), "runtime");
      assert.equal(await given.shown("d.test", "_cert-d.d.test"), "_ca-clients-d.pem,_cert-d.pem");
      for (const name of ["_ca-clients-d", "_cert-d", "_answer-0", "_default"]) {
        await Deno.remove(`${given.folder}/${name}.pem`);
      }
      assert.equal(await given.apply(stage), "runtime");
      assert.equal(await given.shown("d.test", "_cert-d.d.test"), "a.pem,a.pem");
      await given.put("a", "a.test", "new.test");
      assert.equal(await given.apply(stage), "runtime");
      assert.equal(await given.shown("new.test", "b.test", "x.c.test"), "a.pem,b.pem,c.pem");
      await Deno.remove(`${given.folder}/a.pem`);
      assert.equal(await given.apply(stage), "runtime");
      assert.equal(await given.shown("a.test", "new.test", undefined), "b.pem,b.pem,b.pem");
      assert.deepEqual(await stage.applier.audit(), []);
      assert.equal(await given.apply(stage), "nothing");
      for (const name of ["b", "c"]) await Deno.remove(`${given.folder}/${name}.pem`);
      assert.equal(await given.apply(stage), "runtime");
      assert.equal(await given.shown("a.test", "b.test", undefined), "self-signed,self-signed,self-signed");
      assert.equal(stage.generation(), 1, "it was loaded once");
    });
  });

  Deno.test(`${called(program)}: what somebody else did to a certificate is found and put right; the next signalbox knows what is there`, async () => {
    await using given = await Certificates.open();
    await given.put("a", "a.test");
    await given.put("b", "b.test");
    await onStage(program, { settings: given.settings }, async (stage) => {
      await given.apply(stage);
      await given.put("b", "b.test");
      assert.equal(await given.apply(stage), "runtime");
      const { key, crt } = await makePair(given.made, "stranger", ["b.test"]);
      const file = "certs.d/b.pem";
      await stage.haproxy.send([`set ssl cert ${file} <<\n${crt}${key}`, `commit ssl cert ${file}`]);
      assert.deepEqual(await stage.applier.audit(), [`the certificate ${file} was replaced by someone else`]);
      assert.equal(await given.apply(stage), "runtime");
      assert.equal(await given.shown("a.test", "b.test"), "a.pem,b.pem");
      await stage.replace();
      assert.equal(await given.apply(stage), "nothing");
      await given.put("b", "b.test");
      await given.put("c", "c.test");
      await stage.replace();
      assert.equal(await given.apply(stage), "runtime");
      assert.equal(await given.shown("a.test", "b.test", "c.test"), "a.pem,b.pem,c.pem");
      await stage.haproxy.send([`del ssl crt-list certs.list ${file}`]);
      assert.deepEqual(await stage.applier.audit(), [`the certificate ${file} was removed by someone else`]);
      assert.equal(await given.apply(stage), "reload");
      assert.equal(await given.shown("a.test", "b.test", "c.test"), "a.pem,b.pem,c.pem");
    });
  });

  Deno.test(`${called(program)}: a chain that is too long for a command is a reload with its reason, and what is short needs none`, async () => {
    await using given = await Certificates.open();
    await given.put("a", "a.test");
    await onStage(program, { settings: given.settings }, async (stage) => {
      await given.apply(stage);
      const { crt, key } = await makePair(given.made, "long", ["long.test"], { key: ["rsa:4096"] });
      const chain = (count: number) =>
        Deno.writeTextFile(`${given.folder}/long.pem`, key + crt.repeat(count));
      const fitting = Math.floor((15_600 - key.length) / crt.length);
      await chain(fitting);
      assert.equal(await given.apply(stage), "runtime");
      assert.equal(await given.shown("a.test", "long.test"), "a.pem,long.pem");
      await chain(fitting + 1);
      assert.equal(await given.apply(stage), "reload");
      assert.deepEqual(stage.applier.loader.last?.reasons, [
        { kind: "certificate", file: "certs.d/long.pem", why: "too-long" },
      ]);
      assert.equal(await given.shown("a.test", "long.test"), "a.pem,long.pem");
    });
  });

  Deno.test(`${called(program)}: while certificates are replaced, added and removed, no request fails`, async () => {
    await using given = await Certificates.open();
    await given.put("a", "a.test");
    await given.put("b", "b.test");
    await onStage(program, { settings: given.settings }, async (stage) => {
      await given.apply(stage);
      let isOver = false;
      let count = 0;
      const asking = ["a.test", "b.test", "c.test", "a.test"].map(async (host) => {
        while (!isOver) {
          const { status } = await httpGet({ port: given.port, host, path: "/haproxy?monitor", tls: true });
          assert.equal(status, 200);
          count++;
        }
      });
      const replacing = (async () => {
        for (let round = 0; round < 8; round++) {
          await given.put("a", "a.test");
          if (round % 2 === 0) await given.put("c", "c.test");
          else await Deno.remove(`${given.folder}/c.pem`);
          assert.equal(await given.apply(stage), "runtime");
        }
      })().finally(() => isOver = true);
      await Promise.all([replacing, ...asking]);
      assert.ok(count > 8, `${count} requests`);
      assert.equal(stage.generation(), 1);
    });
  });
}
