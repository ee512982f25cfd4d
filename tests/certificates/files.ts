/** Certificates of every kind, made by openssl. */
import assert from "node:assert/strict";

/** A moment at which the certificates of tests are valid, in milliseconds since 1970. */
export const NOW = Date.UTC(2030, 0, 1);

/** Runs openssl in a folder. */
export async function openssl(folder: string, ...args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", {
    args: [...args],
    cwd: folder,
    stdin: "null",
  })
    .output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

/** What a certificate of a test has that is not as usual. */
export type Wish = {
  readonly key?: readonly string[];
  readonly subject?: string;
  readonly extra?: readonly string[];
};

/** Makes `NAME.crt` and `NAME.key` for hosts. */
export async function makePair(
  folder: string,
  name: string,
  hosts: readonly string[],
  { key = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], subject = "/O=test", extra = ["-days", "36500"] }:
    Wish = {},
): Promise<{ readonly crt: string; readonly key: string }> {
  const names = hosts.length === 0
    ? []
    : ["-addext", `subjectAltName=${hosts.map((host) => `DNS:${host}`).join()}`];
  const request = ["req", "-x509", "-newkey", ...key, "-nodes", "-subj", subject, ...names, ...extra];
  await openssl(
    folder,
    ...request,
    "-addext",
    "basicConstraints=critical,CA:FALSE",
    "-keyout",
    `${name}.key`,
    "-out",
    `${name}.crt`,
  );
  const [crt = "", secret = ""] = await Promise.all(
    ["crt", "key"].map((ending) => Deno.readTextFile(`${folder}/${name}.${ending}`)),
  );
  return { crt, key: secret };
}
