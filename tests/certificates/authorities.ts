/** Authorities, and certificates that they sign, made by openssl. */
import { openssl } from "./files.ts";

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** Makes an authority `NAME.crt` with its key in a folder; answers with its certificate. */
export async function makeAuthority(folder: string, name: string, subject: string): Promise<string> {
  const made = ["-keyout", `${name}.key`, "-out", `${name}.crt`];
  await openssl(folder, "req", "-x509", ...KEY, "-utf8", "-subj", subject, "-days", "36500", ...made);
  return await Deno.readTextFile(`${folder}/${name}.crt`);
}

/** Makes `NAME.pem`, a certificate with its key that an authority of the same folder signed; answers with its path. */
export async function signed(
  folder: string,
  name: string,
  { by, subject = `/CN=${name}`, names = [] }: {
    readonly by: string;
    readonly subject?: string;
    readonly names?: readonly string[];
  },
): Promise<string> {
  await openssl(folder, "req", ...KEY, "-subj", subject, "-keyout", `${name}.key`, "-out", `${name}.csr`);
  await Deno.writeTextFile(
    `${folder}/${name}.ext`,
    names.length === 0
      ? "basicConstraints=CA:FALSE"
      : `subjectAltName=${names.map((each) => `DNS:${each}`).join()}`,
  );
  const signer = ["-CA", `${by}.crt`, "-CAkey", `${by}.key`, "-CAcreateserial"];
  const made = ["-extfile", `${name}.ext`, "-days", "36500", "-out", `${name}.crt`];
  await openssl(folder, "x509", "-req", "-in", `${name}.csr`, ...signer, ...made);
  const parts = await Promise.all(
    [`${name}.crt`, `${name}.key`].map((each) => Deno.readTextFile(`${folder}/${each}`)),
  );
  await Deno.writeTextFile(`${folder}/${name}.pem`, parts.join(""));
  return `${folder}/${name}.pem`;
}
