import { type DerValue, readDer, TAG } from "./der.ts";

/** What of a certificate matters here (RFC 5280). */
export type X509 = {
  /** Names of hosts that it is for, in small letters, as HAProxy takes them: of the extension, else the common name. */
  readonly names: readonly string[];
  /** The common name of its subject; empty where there is none. */
  readonly commonName: string;
  /** From when to when it is valid, in milliseconds since 1970. */
  readonly validFrom: number;
  readonly validTo: number;
  readonly keyKind: KeyKind;
  /** Its public key, as SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
  /** It may sign others. */
  readonly isAuthority: boolean;
};

/** Kinds of keys: one host may have a certificate of each kind, and HAProxy chooses by the client. */
export type KeyKind = "rsa" | "ecdsa" | "other";

const OID = {
  commonName: "550403",
  alternativeNames: "551d11",
  constraints: "551d13",
  rsa: "2a864886f70d010101",
  ec: "2a8648ce3d0201",
} as const;

/** GeneralName's tag of a host's name (RFC 5280, 4.2.1.6). */
const DNS_NAME = 0x82;

/** Reads a certificate. Throws where it is none. */
export function readX509(der: Uint8Array<ArrayBuffer>): X509 {
  const [, , , validity, subject, publicKey, ...others] = fieldsOf(der);
  const [from, to] = readDer(contentOf(validity, TAG.sequence));
  const extensions = extensionsOf(others);
  const commonName = commonNameOf(contentOf(subject, TAG.sequence));
  const alternatives = dnsNames(extensions.get(OID.alternativeNames));
  return {
    names: (alternatives ?? [commonName.toLowerCase()]).filter(isName),
    commonName,
    validFrom: timeOf(from),
    validTo: timeOf(to),
    keyKind: keyKindOf(contentOf(publicKey, TAG.sequence)),
    publicKey: publicKey?.whole ?? new Uint8Array(),
    isAuthority: isAuthority(extensions.get(OID.constraints)),
  };
}

/** The parts of the name of its subject, in their order. Throws where it is no certificate. */
export function readSubject(
  der: Uint8Array<ArrayBuffer>,
): { readonly attribute: string; readonly value: Uint8Array<ArrayBuffer> }[] {
  const [, , , , subject] = fieldsOf(der);
  return readDer(contentOf(subject, TAG.sequence)).flatMap((set) =>
    readDer(contentOf(set, TAG.set)).map((pair) => {
      const [id, value] = readDer(contentOf(pair, TAG.sequence));
      return { attribute: hex(contentOf(id, TAG.oid)), value: value?.content ?? new Uint8Array() };
    })
  );
}

/** What is signed, without the version, which stands in front where it is not the first. */
function fieldsOf(der: Uint8Array<ArrayBuffer>): DerValue[] {
  const [certificate] = readDer(der);
  const [signed] = readDer(contentOf(certificate, TAG.sequence));
  const fields = readDer(contentOf(signed, TAG.sequence));
  return fields[0]?.tag === 0xa0 ? fields.slice(1) : fields;
}

function contentOf(value: DerValue | undefined, tag: number): Uint8Array<ArrayBuffer> {
  if (value?.tag !== tag) throw new Error("it is no certificate");
  return value.content;
}

/** A name of a host, or `*.` and one: another text would be words of a line or a command. */
const isName = (text: string): boolean =>
  text.length <= 253 && /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(text);

const hex = (bytes: Uint8Array): string => bytes.toHex();

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** The values of extensions, by their object identifiers. */
function extensionsOf(fields: readonly DerValue[]): ReadonlyMap<string, Uint8Array<ArrayBuffer>> {
  const found = new Map<string, Uint8Array<ArrayBuffer>>();
  const field = fields.find(({ tag }) => tag === 0xa3);
  if (field === undefined) return found;
  const [list] = readDer(field.content);
  for (const extension of readDer(contentOf(list, TAG.sequence))) {
    const parts = readDer(extension.content);
    const [id, value] = [parts[0], parts.at(-1)];
    if (id?.tag === TAG.oid && value?.tag === TAG.octets) found.set(hex(id.content), value.content);
  }
  return found;
}

/** The names of hosts among the alternative names; `undefined` where there are none, so that the common name counts. */
function dnsNames(extension: Uint8Array<ArrayBuffer> | undefined): readonly string[] | undefined {
  if (extension === undefined) return undefined;
  const [list] = readDer(extension);
  const names = readDer(contentOf(list, TAG.sequence)).filter(({ tag }) => tag === DNS_NAME)
    .map(({ content }) => textOf(content).toLowerCase());
  return names.length === 0 ? undefined : [...new Set(names)];
}

function commonNameOf(subject: Uint8Array<ArrayBuffer>): string {
  for (const set of readDer(subject)) {
    for (const pair of readDer(set.content)) {
      const [id, value] = readDer(pair.content);
      if (id !== undefined && hex(id.content) === OID.commonName && value !== undefined) {
        return textOf(value.content);
      }
    }
  }
  return "";
}

function isAuthority(extension: Uint8Array<ArrayBuffer> | undefined): boolean {
  if (extension === undefined) return false;
  const [constraints] = readDer(extension);
  const [first] = readDer(contentOf(constraints, TAG.sequence));
  return first?.tag === TAG.boolean && first.content[0] !== 0;
}

function keyKindOf(publicKey: Uint8Array<ArrayBuffer>): KeyKind {
  const [algorithm] = readDer(publicKey);
  const [id] = readDer(contentOf(algorithm, TAG.sequence));
  const kind = hex(id?.content ?? new Uint8Array());
  return kind === OID.rsa ? "rsa" : kind === OID.ec ? "ecdsa" : "other";
}

/** A time of a certificate: two digits of a year before 2050, or four from then on (RFC 5280, 4.1.2.5). */
function timeOf(value: DerValue | undefined): number {
  const text = textOf(value?.content ?? new Uint8Array());
  const digits = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  if (digits === null) throw new Error("its time cannot be read");
  const [year = 0, month = 1, ...rest] = digits.slice(1).map(Number);
  const full = value?.tag === TAG.time ? year : year < 50 ? 2_000 + year : 1_900 + year;
  const [day, hour, minute, second] = rest;
  return Date.UTC(full, month - 1, day, hour, minute, second);
}

/** How many bits the key of RSA has; `undefined` for keys of other kinds. */
export function rsaBits({ keyKind, publicKey }: X509): number | undefined {
  if (keyKind !== "rsa") return undefined;
  const [whole] = readDer(publicKey);
  const [, bits] = readDer(contentOf(whole, TAG.sequence));
  // The first byte tells how many bits are unused at the end: none.
  const [key] = readDer(contentOf(bits, TAG.bits).subarray(1));
  const [modulus] = readDer(contentOf(key, TAG.sequence));
  const digits = contentOf(modulus, TAG.integer);
  const from = digits.findIndex((byte) => byte !== 0);
  return from < 0 ? 0 : (digits.length - from) * 8 - Math.clz32(digits[from] ?? 0) + 24;
}
