/** Certificates that a test makes for itself, and clients that look at what is served. */
import { join } from "node:path";

/** A self-signed certificate: the file that HAProxy reads, and the part of it that a client may know. */
export interface Certificate {
  /** Certificate and key in one file. */
  readonly path: string;
  /** The certificate alone, by which a client trusts it and no other. */
  readonly trusted: string;
}

let made = 0;

/** Makes a certificate for a name, in a folder; its file is NAME.pem there, unless another is named. */
export async function makeCertificate(
  folder: string,
  name: string,
  path = join(folder, `${name}.pem`),
): Promise<Certificate> {
  const own = join(folder, `.made${made++}`);
  await Deno.mkdir(own, { recursive: true });
  const [key, trusted] = [join(own, "key.pem"), join(own, "cert.pem")];
  await runOrThrow(
    "openssl",
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`, "-keyout", key, "-out", trusted],
  );
  const text = await Deno.readTextFile(trusted) + await Deno.readTextFile(key);
  // As a tool that renews certificates does it: nobody reads half a file.
  await Deno.writeTextFile(join(own, "both.pem"), text);
  await Deno.rename(join(own, "both.pem"), path);
  return { path, trusted };
}

/** What a client that trusts one certificate only got over HTTPS. */
export interface SecureAnswer {
  /** As curl names it: "2" or "1.1". */
  readonly version: string;
  readonly body: string;
}

/** Asks for a host over HTTPS as curl does, SNI included; throws unless the trusted certificate is served. */
export async function curl(
  host: string,
  port: number,
  { trusted }: Certificate,
  ...flags: readonly string[]
): Promise<SecureAnswer> {
  const said = await runOrThrow(
    "curl",
    ...["--silent", "--show-error", "--max-time", "3", "--cacert", trusted],
    ...["--resolve", `${host}:${port}:127.0.0.1`, "--write-out", "\n%{http_version}", ...flags],
    `https://${host}:${port}/`,
  );
  const end = said.lastIndexOf("\n");
  return { body: said.slice(0, end), version: said.slice(end + 1) };
}

async function runOrThrow(program: string, ...args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], stdin: "null" })
    .output();
  if (!success) throw new Error(`${program} failed: ${new TextDecoder().decode(stderr).trim()}`);
  return new TextDecoder().decode(stdout);
}
