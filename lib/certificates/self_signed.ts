import type { Certificate } from "../core/certificates/certificate.ts";
import { readX509 } from "../core/certificates/x509.ts";
import { pemBlocks, pemBytes } from "../core/certificates/pem.ts";
import { TAG, writeDer } from "../core/certificates/der.ts";
import { certificateOf } from "./certificate_of.ts";

/** By these names people tell it from a certificate that is to be trusted. */
const ORGANIZATION = "signalbox self-signed";
const HOST = "signalbox.invalid";

const DAY_MS = 86_400_000;
/** How long it is valid; it is made anew in time. */
const VALID_MS = 3_650 * DAY_MS;
const ANEW_MS = 30 * DAY_MS;

const OID = {
  organization: "55040a",
  commonName: "550403",
  alternativeNames: "551d11",
  ecdsaWithSha256: "2a8648ce3d040302",
} as const;

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
  const algorithm = writeDer(TAG.sequence, oid(OID.ecdsaWithSha256));
  const name = writeDer(
    TAG.sequence,
    nameAttribute(OID.organization, ORGANIZATION),
    nameAttribute(OID.commonName, HOST),
  );
  // The machine's clock may be a little ahead of its clients'.
  const validity = writeDer(TAG.sequence, time(atMs - DAY_MS), time(atMs + VALID_MS));
  const serial = crypto.getRandomValues(new Uint8Array(16));
  // Positive, and not shorter than it looks.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const signed = writeDer(
    TAG.sequence,
    writeDer(0xa0, writeDer(TAG.integer, Uint8Array.of(2))),
    writeDer(TAG.integer, serial),
    algorithm,
    name,
    validity,
    name,
    new Uint8Array(publicKey),
    writeDer(0xa3, writeDer(TAG.sequence, alternativeName(HOST))),
  );
  const raw = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, keys.privateKey, signed);
  const signature = writeDer(TAG.bits, Uint8Array.of(0), signatureOf(new Uint8Array(raw)));
  const certificate = writeDer(TAG.sequence, signed, algorithm, signature);
  return pem("CERTIFICATE", certificate) + pem("PRIVATE KEY", new Uint8Array(privateKey));
}

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

const oid = (hex: string): Uint8Array<ArrayBuffer> => writeDer(TAG.oid, Uint8Array.fromHex(hex));

const nameAttribute = (id: string, value: string): Uint8Array<ArrayBuffer> =>
  writeDer(TAG.set, writeDer(TAG.sequence, oid(id), writeDer(TAG.utf8, utf8(value))));

/** Two digits of a year before 2050, four from then on (RFC 5280, 4.1.2.5). */
function time(ms: number): Uint8Array<ArrayBuffer> {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\..*$/g, "");
  return Number(digits.slice(0, 4)) < 2050
    ? writeDer(TAG.utcTime, utf8(`${digits.slice(2)}Z`))
    : writeDer(TAG.time, utf8(`${digits}Z`));
}

const alternativeName = (host: string): Uint8Array<ArrayBuffer> =>
  writeDer(
    TAG.sequence,
    oid(OID.alternativeNames),
    writeDer(TAG.octets, writeDer(TAG.sequence, writeDer(0x82, utf8(host)))),
  );

/** WebCrypto's two numbers, one behind the other, as the two integers of a signature (RFC 3279, 2.2.3). */
function signatureOf(raw: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const half = raw.length / 2;
  return writeDer(TAG.sequence, integer(raw.subarray(0, half)), integer(raw.subarray(half)));
}

/** The shortest form, with a zero in front of what would be negative. */
function integer(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const from = bytes.findIndex((byte) => byte !== 0);
  const short = from < 0 ? Uint8Array.of(0) : bytes.subarray(from);
  return writeDer(TAG.integer, ((short[0] ?? 0) & 0x80) === 0 ? new Uint8Array() : Uint8Array.of(0), short);
}

function pem(label: string, bytes: Uint8Array): string {
  const lines = bytes.toBase64().match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
