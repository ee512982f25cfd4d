import type { Certificate } from "../core/certificates/certificate.ts";
import { readX509 } from "../core/certificates/x509.ts";
import { pemBlocks, pemBytes } from "../core/certificates/pem.ts";
import { partToSign, signedCertificate } from "../core/certificates/make_x509.ts";
import { certificateOf } from "./certificate_of.ts";

/** By these names people tell it from a certificate that is to be trusted. */
const ORGANIZATION = "signalbox self-signed";
const HOST = "signalbox.invalid";

const DAY_MS = 86_400_000;
/** How long it is valid; it is made anew in time. */
const VALID_MS = 3_650 * DAY_MS;
const ANEW_MS = 30 * DAY_MS;

/** The certificate in a text of `makeSelfSigned`; `undefined` where it is none, or has to be made anew. */
export function readSelfSigned(text: string, atMs: number): Certificate | undefined {
  try {
    const [block] = pemBlocks(text);
    if (block === undefined) return undefined;
    const der = pemBytes(block);
    const x509 = readX509(der);
    if (x509.validFrom > atMs || x509.validTo < atMs + ANEW_MS) return undefined;
    const origin = { path: "", keyPath: undefined, origin: "self-signed", name: "self-signed" } as const;
    return certificateOf({ text, der, x509 }, origin);
  } catch {
    return undefined;
  }
}

/** A certificate that nobody trusts, with its key, as PEM: what clients are shown where there is none for their host. */
export async function makeSelfSigned(atMs: number): Promise<string> {
  const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
  const [publicKey, privateKey] = await Promise.all([
    crypto.subtle.exportKey("spki", keys.publicKey),
    crypto.subtle.exportKey("pkcs8", keys.privateKey),
  ]);
  const part = partToSign({
    publicKey: new Uint8Array(publicKey),
    serial: crypto.getRandomValues(new Uint8Array(16)),
    organization: ORGANIZATION,
    host: HOST,
    // The machine's clock may be a little ahead of its clients'.
    validFrom: atMs - DAY_MS,
    validTo: atMs + VALID_MS,
  });
  const raw = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, keys.privateKey, part);
  const certificate = signedCertificate(part, new Uint8Array(raw));
  return pem("CERTIFICATE", certificate) + pem("PRIVATE KEY", new Uint8Array(privateKey));
}

function pem(label: string, bytes: Uint8Array): string {
  const lines = bytes.toBase64().match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
