/** A certificate of its own for a host, as HAProxy reads it: certificate and key in one text. */
import assert from "node:assert/strict";

export async function makePem(folder: string, host: string): Promise<string> {
  const { success, stderr } = await new Deno.Command("openssl", {
    args: [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-subj", `/CN=${host}`, "-keyout", `${folder}/key`, "-out", `${folder}/cert`],
    ],
    stdin: "null",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const [cert, key] = await Promise.all(
    ["cert", "key"].map((name) => Deno.readTextFile(`${folder}/${name}`)),
  );
  return `${cert}${key}`;
}
