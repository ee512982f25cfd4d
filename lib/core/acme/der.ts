/** DER (X.690), as much of it as a request for a certificate and the reading of one need. */
type Bytes = Uint8Array<ArrayBuffer>;

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
/** An attribute's or a name's own tags. */
const [ATTRIBUTES, DNS_NAME, EXTENSIONS, KEY_ID] = [0xa0, 0x82, 0xa3, 0x80];

const EXTENSION_REQUEST = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e];
const SUBJECT_ALT_NAME = [0x06, 0x03, 0x55, 0x1d, 0x11];
const AUTHORITY_KEY_ID = [0x06, 0x03, 0x55, 0x1d, 0x23];
const ECDSA_WITH_SHA256 = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];

/** What of a request for a certificate is signed (RFC 2986, 4.1): its public key and names. */
export function requestInfo(publicKey: Uint8Array, hosts: readonly string[]): Bytes {
  const names = hosts.map((host) => element(DNS_NAME, new TextEncoder().encode(host)));
  const extension = element(SEQUENCE, SUBJECT_ALT_NAME, element(OCTET_STRING, element(SEQUENCE, ...names)));
  const attribute = element(SEQUENCE, EXTENSION_REQUEST, element(SET, element(SEQUENCE, extension)));
  return element(
    SEQUENCE,
    element(INTEGER, [0]),
    element(SEQUENCE),
    publicKey,
    element(ATTRIBUTES, attribute),
  );
}

/** The whole request; `signature` is r and s of ECDSA with SHA-256, one after the other. */
export function signedRequest(info: Uint8Array, signature: Uint8Array): Bytes {
  const half = signature.length / 2;
  const pair = element(SEQUENCE, integer(signature.subarray(0, half)), integer(signature.subarray(half)));
  return element(SEQUENCE, info, element(SEQUENCE, ECDSA_WITH_SHA256), element(BIT_STRING, [0], pair));
}

function integer(bytes: Uint8Array): Bytes {
  const first = bytes.findIndex((byte) => byte !== 0);
  const value = bytes.subarray(first < 0 ? bytes.length - 1 : first);
  return element(INTEGER, (value[0] ?? 0) >= 0x80 ? [0] : [], value);
}

function element(tag: number, ...parts: readonly ArrayLike<number>[]): Bytes {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const lengthBytes = length < 0x80
    ? [length]
    : length < 0x100
    ? [0x81, length]
    : [0x82, length >> 8, length & 0xff];
  const all = new Uint8Array(1 + lengthBytes.length + length);
  all.set([tag, ...lengthBytes]);
  let at = 1 + lengthBytes.length;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** What an authority knows a certificate by (RFC 9773, 4.1): its issuer's key and its serial number; `undefined` without them. */
export function certificateIds(
  certificate: Uint8Array,
): { readonly keyId: Uint8Array; readonly serial: Uint8Array } | undefined {
  const [whole] = elements(certificate);
  const [signed] = elements(whole?.content ?? NOTHING);
  const fields = elements(signed?.content ?? NOTHING);
  const serial = fields.find(({ tag }) => tag === INTEGER)?.content;
  const [list] = elements(fields.find(({ tag }) => tag === EXTENSIONS)?.content ?? NOTHING);
  for (const { content } of elements(list?.content ?? NOTHING)) {
    if (!AUTHORITY_KEY_ID.every((byte, at) => content[at] === byte)) continue;
    const value = elements(content).find(({ tag }) => tag === OCTET_STRING)?.content;
    const [ids] = elements(value ?? NOTHING);
    const keyId = elements(ids?.content ?? NOTHING).find(({ tag }) => tag === KEY_ID)?.content;
    return keyId === undefined || serial === undefined ? undefined : { keyId, serial };
  }
  return undefined;
}

const NOTHING = new Uint8Array();

/** The elements that stand one after the other; those that are cut are left out. */
function elements(bytes: Uint8Array): { readonly tag: number; readonly content: Uint8Array }[] {
  const found: { tag: number; content: Uint8Array }[] = [];
  for (let at = 0; at + 2 <= bytes.length;) {
    const [tag = 0, first = 0] = bytes.subarray(at, at + 2);
    const more = first < 0x80 ? 0 : first & 0x7f;
    const length = more === 0
      ? first
      : bytes.subarray(at + 2, at + 2 + more).reduce((sum, byte) => sum * 256 + byte, 0);
    const start = at + 2 + more;
    if (start + length > bytes.length) break;
    found.push({ tag, content: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return found;
}
