/** What is found in the files and folders of an operator, as tools and people lay them out. */
import assert from "node:assert/strict";
import { CertificateFiles } from "../../lib/certificates/certificate_files.ts";
import { makePair, NOW } from "./files.ts";

/** A folder with the files of a test, which `act` reads; `make` makes pairs beside it. */
async function inFolder(
  act: (folder: string, made: string) => Promise<void>,
): Promise<void> {
  const [folder, made] = [await Deno.makeTempDir(), await Deno.makeTempDir()];
  try {
    await act(folder, made);
  } finally {
    await Promise.all([folder, made].map((each) => Deno.remove(each, { recursive: true })));
  }
}

const filesOf = (path: string) => new CertificateFiles([{ path, origin: "file" }], undefined);

async function found(path: string) {
  const { certificates, notices } = await filesOf(path).read(NOW);
  return {
    names: certificates.map(({ name, names }) => `${name}: ${names}`),
    told: notices.map(({ severity, subject, message }) => `${severity}: ${subject}: ${message}`),
  };
}

Deno.test("a key may be in the file, in NAME.key, or in privkey.pem of a folder of the folder", async () => {
  await inFolder(async (folder, made) => {
    const [a, b, c, d] = [
      await makePair(made, "a", ["A.test", "*.a.test"]),
      await makePair(made, "b", ["b.test"], { key: ["rsa:2048"] }),
      await makePair(made, "c", ["c.test"], { key: ["ed25519"] }),
      await makePair(made, "d", [], { subject: "/O=test/CN=D.test" }),
    ];
    await Deno.writeTextFile(`${folder}/a.pem`, `some words\n\n${a.key}\n\n${a.crt}`);
    await Deno.writeTextFile(`${folder}/b.crt`, b.crt);
    await Deno.writeTextFile(`${folder}/b.key`, b.key);
    await Deno.mkdir(`${folder}/c.test`);
    await Deno.writeTextFile(`${folder}/c.test/README`, "certbot's words");
    await Deno.writeTextFile(`${folder}/c.test/cert.pem`, c.crt);
    await Deno.writeTextFile(`${folder}/c.test/fullchain.pem`, c.crt + a.crt);
    await Deno.writeTextFile(`${folder}/c.test/privkey.pem`, c.key);
    await Deno.writeTextFile(`${folder}/d.pem`, d.crt + d.key);
    await Deno.writeTextFile(`${folder}/.hidden`, "no");
    assert.deepEqual(await found(folder), {
      names: ["a.pem: a.test,*.a.test", "b.crt: b.test", "d.pem: d.test", "c.test: c.test"],
      told: [`info: ${folder}: c.test/README holds no certificate and is left out`],
    });
    const { certificates } = await filesOf(folder).read(NOW);
    const chain = certificates.at(-1)?.pem.reveal() ?? "";
    assert.equal(chain.match(/BEGIN CERTIFICATE/g)?.length, 2, "the one with its chain");
    assert.doesNotMatch(certificates[0]?.pem.reveal() ?? "", /words|\n\n/);
    assert.deepEqual((await found(`${folder}/b.crt`)).names, ["b.crt: b.test"]);
    assert.deepEqual((await found(`${folder}/c.test/fullchain.pem`)).names, ["fullchain.pem: c.test"]);
  });
});

Deno.test("what cannot be used is told with the reason, and costs nobody else anything", async () => {
  await inFolder(async (folder, made) => {
    const [a, b] = [await makePair(made, "a", ["a.test"]), await makePair(made, "b", ["b.test"])];
    await Deno.writeTextFile(`${folder}/good.pem`, a.crt + a.key);
    await Deno.writeTextFile(`${folder}/half.pem`, b.crt.slice(0, 200));
    await Deno.writeTextFile(`${folder}/lone.crt`, b.crt);
    await Deno.writeTextFile(`${folder}/wrong.pem`, b.crt + a.key);
    const locked = b.key.replaceAll("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    await Deno.writeTextFile(`${folder}/locked.pem`, b.crt + locked);
    const { names, told } = await found(folder);
    assert.deepEqual(names, ["good.pem: a.test"]);
    const where = (name: string) => `warning: ${folder}/${name}: it is not used: `;
    assert.deepEqual(told.sort(), [
      `${where("half.pem")}it ends in the middle of a certificate or key`,
      `${where("locked.pem")}its private key is locked with a password, which HAProxy cannot ask for`,
      `${
        where("lone.crt")
      }it has no private key: expected the key in the same file, or beside it in NAME.key or privkey.pem`,
      `${where("wrong.pem")}its certificate does not match its private key`,
    ]);
  });
});

Deno.test("a file that breaks keeps what it held, with a warning; one that goes is gone; a folder that goes keeps all", async () => {
  await inFolder(async (folder, made) => {
    const [a, b] = [await makePair(made, "a", ["a.test"]), await makePair(made, "b", ["b.test"])];
    await Deno.writeTextFile(`${folder}/a.pem`, a.crt + a.key);
    await Deno.writeTextFile(`${folder}/b.pem`, b.crt + b.key);
    const files = filesOf(folder);
    const read = async () => {
      const { certificates, notices } = await files.read(NOW);
      return [certificates.map(({ name }) => name).join(), notices.map(({ code }) => code).join()];
    };
    assert.deepEqual(await read(), ["a.pem,b.pem", ""]);
    await Deno.writeTextFile(`${folder}/a.pem`, "");
    assert.deepEqual(await read(), ["a.pem,b.pem", "certificate-unusable"]);
    await Deno.writeTextFile(`${folder}/a.pem`, a.crt + b.key);
    assert.deepEqual(await read(), ["a.pem,b.pem", "certificate-unusable"]);
    await Deno.remove(`${folder}/a.pem`);
    assert.deepEqual(await read(), ["b.pem", ""]);
    await Deno.rename(folder, `${folder}.away`);
    assert.deepEqual(await read(), ["b.pem", "certificate-unread"]);
    await Deno.rename(`${folder}.away`, folder);
    assert.deepEqual(await read(), ["b.pem", ""]);
  });
});
