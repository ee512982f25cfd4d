/** Certificates of one's own, as clients see them: on each HAProxy, at its start and while it runs. */
import assert from "node:assert/strict";
import { CertificateFiles } from "../../lib/certificates/certificate_files.ts";
import { makeSelfSigned, readSelfSigned } from "../../lib/certificates/self_signed.ts";
import type { Desired } from "../../lib/core/config/render.ts";
import { emptySnapshot } from "../../lib/core/snapshot/snapshot.ts";
import { makePair, NOW } from "../certificates/files.ts";
import { freePort } from "../harness/http.ts";
import { shakeHands } from "./handshake.ts";
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

  async want(stage: Stage): Promise<Desired> {
    const { design } = stage.routing;
    const found = await this.#files.read(NOW);
    return design.render(design.build(emptySnapshot, undefined, undefined, found).model);
  }

  /** Applies what the folder holds; answers with the kind of the plan. */
  async apply(stage: Stage): Promise<string> {
    const applied = await stage.apply({ desired: await this.want(stage), states: new Map() });
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

  Deno.test(`${called(program)}: a listener without any certificate shows one that signed itself`, async () => {
    await using given = await Certificates.open();
    await onStage(program, { settings: given.settings }, async (stage) => {
      await given.apply(stage);
      assert.equal(await given.shown("a.test", undefined), "self-signed,self-signed");
    });
  });
}
