/** What openssl, as a client, is shown by a TLS listener. */

/** The end of a handshake: the SHA-1 of the certificate as HAProxy and openssl write it, without colons, and all that was said. */
export type Handshake = { readonly fingerprint: string | undefined; readonly said: string };

/** Shakes hands with a listener on the loopback and asks for a name, or for none. */
export async function shakeHands(
  port: number,
  name: string | undefined,
  ...flags: readonly string[]
): Promise<Handshake> {
  const sni = name === undefined ? ["-noservername"] : ["-servername", name];
  const { stdout, stderr } = await new Deno.Command("openssl", {
    args: ["s_client", "-connect", `127.0.0.1:${port}`, ...sni, ...flags],
    stdin: "null",
  }).output();
  const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n");
  const [pem] = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/.exec(said) ?? [];
  if (pem === undefined) return { fingerprint: undefined, said };
  const base64 = pem.split("\n").filter((line) => !line.startsWith("-----")).join("");
  const digest = await crypto.subtle.digest("SHA-1", Uint8Array.fromBase64(base64));
  return { fingerprint: new Uint8Array(digest).toHex().toUpperCase(), said };
}
