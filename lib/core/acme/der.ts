import { readDer, TAG, writeDer } from "../certificates/der.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Tags of parts of requests and certificates (RFC 2986, RFC 5280). */
const [ATTRIBUTES, DNS_NAME, EXTENSIONS, KEY_ID] = [0xa0, 0x82, 0xa3, 0x80];

const EXTENSION_REQUEST = oid(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e);
const SUBJECT_ALT_NAME = oid(0x55, 0x1d, 0x11);
const AUTHORITY_KEY_ID = oid(0x55, 0x1d, 0x23);
const ECDSA_WITH_SHA256 = oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02);
const ZERO = Uint8Array.of(0);

function oid(...content: readonly number[]): Bytes {
  return writeDer(TAG.oid, Uint8Array.from(content));
}

const sequence = (...parts: readonly Bytes[]): Bytes => writeDer(TAG.sequence, ...parts);

/** What of a request for a certificate is signed (RFC 2986, 4.1): its public key and names. */
export function requestInfo(publicKey: Bytes, hosts: readonly string[]): Bytes {
  const names = hosts.map((host) => writeDer(DNS_NAME, new TextEncoder().encode(host)));
  const extension = sequence(SUBJECT_ALT_NAME, writeDer(TAG.octets, sequence(...names)));
  const attribute = sequence(EXTENSION_REQUEST, writeDer(TAG.set, sequence(extension)));
  return sequence(writeDer(TAG.integer, ZERO), sequence(), publicKey, writeDer(ATTRIBUTES, attribute));
}

/** The whole request; `signature` is r and s of ECDSA with SHA-256, one after the other. */
export function signedRequest(info: Bytes, signature: Bytes): Bytes {
  const half = signature.length / 2;
  const pair = sequence(integer(signature.subarray(0, half)), integer(signature.subarray(half)));
  return sequence(info, sequence(ECDSA_WITH_SHA256), writeDer(TAG.bits, ZERO, pair));
}

function integer(bytes: Bytes): Bytes {
  const first = bytes.findIndex((byte) => byte !== 0);
  const value = bytes.subarray(first < 0 ? bytes.length - 1 : first);
  return writeDer(TAG.integer, ...(value[0] ?? 0) >= 0x80 ? [ZERO, value] : [value]);
}

/** What an authority knows a certificate by (RFC 9773, 4.1): its issuer's key and its serial number; `undefined` without them. */
export function certificateIds(
  certificate: Bytes,
): { readonly keyId: Bytes; readonly serial: Bytes } | undefined {
  const [whole] = readDer(certificate);
  const [signed] = readDer(whole?.content ?? new Uint8Array());
  const fields = readDer(signed?.content ?? new Uint8Array());
  const serial = fields.find(({ tag }) => tag === TAG.integer)?.content;
  const [list] = readDer(fields.find(({ tag }) => tag === EXTENSIONS)?.content ?? new Uint8Array());
  for (const { content } of readDer(list?.content ?? new Uint8Array())) {
    const [kind, ...rest] = readDer(content);
    if (!AUTHORITY_KEY_ID.every((byte, at) => kind?.whole[at] === byte)) continue;
    const [ids] = readDer(rest.find(({ tag }) => tag === TAG.octets)?.content ?? new Uint8Array());
    const keyId = readDer(ids?.content ?? new Uint8Array()).find(({ tag }) => tag === KEY_ID)?.content;
    return keyId === undefined || serial === undefined ? undefined : { keyId, serial };
  }
  return undefined;
}
