import { TAG, writeDer } from "./der.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What a certificate says that its own key of ECDSA P-256 signs. */
export type OwnCertificate = {
  /** Its public key, as SubjectPublicKeyInfo. */
  readonly publicKey: Bytes;
  /** 16 bytes of chance. */
  readonly serial: Bytes;
  readonly organization: string;
  /** The one host that it is for. */
  readonly host: string;
  /** From when to when it is valid, in milliseconds since 1970. */
  readonly validFrom: number;
  readonly validTo: number;
  /** Extensions beside the host, each made by `extension`. */
  readonly extensions?: readonly Bytes[];
};

const OID = {
  organization: "55040a",
  commonName: "550403",
  alternativeNames: "551d11",
  ecdsaWithSha256: "2a8648ce3d040302",
} as const;

/** GeneralName's tag of a host's name (RFC 5280, 4.2.1.6). */
const DNS_NAME = 0x82;

/** The part of a certificate that is signed (RFC 5280, 4.1). */
export function partToSign(
  { publicKey, serial: chance, organization, host, validFrom, validTo, extensions = [] }: OwnCertificate,
): Bytes {
  const name = writeDer(
    TAG.sequence,
    nameAttribute(OID.organization, organization),
    nameAttribute(OID.commonName, host),
  );
  const serial = Uint8Array.from(chance);
  // Positive, and not shorter than it looks.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const names = extension(OID.alternativeNames, writeDer(TAG.sequence, writeDer(DNS_NAME, utf8(host))));
  return writeDer(
    TAG.sequence,
    writeDer(0xa0, writeDer(TAG.integer, Uint8Array.of(2))),
    writeDer(TAG.integer, serial),
    algorithm(),
    name,
    writeDer(TAG.sequence, time(validFrom), time(validTo)),
    name,
    publicKey,
    writeDer(0xa3, writeDer(TAG.sequence, names, ...extensions)),
  );
}

/** The whole certificate; `raw` is WebCrypto's signature of the part: two numbers, one behind the other. */
export const signedCertificate = (part: Bytes, raw: Bytes): Bytes =>
  writeDer(TAG.sequence, part, algorithm(), writeDer(TAG.bits, Uint8Array.of(0), signatureOf(raw)));

/** An extension by its object identifier, in hexadecimal digits. A critical one is refused by who does not know it. */
export const extension = (id: string, value: Bytes, isCritical = false): Bytes =>
  writeDer(
    TAG.sequence,
    oid(id),
    ...isCritical ? [writeDer(TAG.boolean, Uint8Array.of(0xff))] : [],
    writeDer(TAG.octets, value),
  );

const utf8 = (text: string): Bytes => new TextEncoder().encode(text);

const oid = (hex: string): Bytes => writeDer(TAG.oid, Uint8Array.fromHex(hex));

const algorithm = (): Bytes => writeDer(TAG.sequence, oid(OID.ecdsaWithSha256));

const nameAttribute = (id: string, value: string): Bytes =>
  writeDer(TAG.set, writeDer(TAG.sequence, oid(id), writeDer(TAG.utf8, utf8(value))));

/** Two digits of a year before 2050, four from then on (RFC 5280, 4.1.2.5). */
function time(ms: number): Bytes {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\..*$/g, "");
  return Number(digits.slice(0, 4)) < 2050
    ? writeDer(TAG.utcTime, utf8(`${digits.slice(2)}Z`))
    : writeDer(TAG.time, utf8(`${digits}Z`));
}

/** The two numbers as the two integers of a signature (RFC 3279, 2.2.3). */
function signatureOf(raw: Bytes): Bytes {
  const half = raw.length / 2;
  return writeDer(TAG.sequence, integer(raw.subarray(0, half)), integer(raw.subarray(half)));
}

/** The shortest form, with a zero in front of what would be negative. */
function integer(bytes: Bytes): Bytes {
  const from = bytes.findIndex((byte) => byte !== 0);
  const short = from < 0 ? Uint8Array.of(0) : bytes.subarray(from);
  return writeDer(TAG.integer, ((short[0] ?? 0) & 0x80) === 0 ? new Uint8Array() : Uint8Array.of(0), short);
}
