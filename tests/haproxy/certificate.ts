/** A certificate for listeners of tests, made once for each test file and removed when it ends. */
import assert from "node:assert/strict";

/** A certificate of www.example.com that signed itself. */
export type Certificate = {
  readonly cert: string;
  readonly key: string;
  /** Both in one file, as HAProxy reads them. */
  readonly path: string;
};

let made: Promise<Certificate> | undefined;

/** The certificate; every HAProxy that is started from now on trusts it as one of the system's authorities. */
export async function certificate(): Promise<Certificate> {
  made ??= make();
  return await made;
}

async function make(): Promise<Certificate> {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-certificate-" });
  const before = Deno.env.get("SSL_CERT_DIR");
  // The environment is that of the test files that follow too.
  globalThis.addEventListener("unload", () => {
    if (before === undefined) Deno.env.delete("SSL_CERT_DIR");
    else Deno.env.set("SSL_CERT_DIR", before);
    Deno.removeSync(folder, { recursive: true });
  });
  await Deno.mkdir(`${folder}/trusted`);
  const request = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-days",
    "2",
  ];
  const { success, stderr } = await new Deno.Command("openssl", {
    args: [
      ...request,
      "-subj",
      "/CN=www.example.com",
      "-keyout",
      `${folder}/key`,
      "-out",
      `${folder}/trusted/0.pem`,
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const [cert, key] = await Promise.all(
    [`${folder}/trusted/0.pem`, `${folder}/key`].map((path) => Deno.readTextFile(path)),
  ) as [string, string];
  await Deno.writeTextFile(`${folder}/both.pem`, cert + key);
  Deno.env.set("SSL_CERT_DIR", `${folder}/trusted`);
  return { cert, key, path: `${folder}/both.pem` };
}
