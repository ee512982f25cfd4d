import { createPrivateKey, createPublicKey } from "node:crypto";
import type { Certificate } from "../core/certificates/certificate.ts";
import {
  isCertificate,
  isHalf,
  isKey,
  isLocked,
  type PemBlock,
  pemBlocks,
  pemBytes,
} from "../core/certificates/pem.ts";
import { readX509, type X509 } from "../core/certificates/x509.ts";
import { messageOf } from "../core/values/message_of.ts";
import { certificateOf } from "./certificate_of.ts";
import type { GivenFile, GivenGroup } from "./given_files.ts";

/** What became of the files of a group. */
export type GroupReading = {
  readonly certificates: readonly Certificate[];
  /** Files that were to be certificates, and are none that can be used. */
  readonly broken: readonly { readonly path: string; readonly why: string }[];
  /** Files that have nothing to do with certificates. */
  readonly ignored: readonly string[];
};

type Key = { readonly block: PemBlock; readonly file: GivenFile };

type Leaf = {
  readonly file: GivenFile;
  readonly chain: readonly PemBlock[];
  readonly der: Uint8Array<ArrayBuffer>;
  readonly x509: X509;
};

/** Finds the certificates of a group of files, each with its key, which may lie in another file. */
export function readGroup(group: GivenGroup, origin: Certificate["origin"]): GroupReading {
  const broken = [...group.unread];
  const ignored: string[] = [];
  const leaves: Leaf[] = [];
  const keys: Key[] = [];
  for (const file of [...group.files, ...group.keys]) {
    const blocks = pemBlocks(file.text);
    if (isHalf(file.text, blocks)) {
      broken.push({ path: file.path, why: "it ends in the middle of a certificate or key" });
      continue;
    }
    for (const block of blocks.filter(isKey)) keys.push({ block, file });
    const chain = blocks.filter(isCertificate);
    if (group.keys.includes(file)) continue;
    try {
      const [first] = chain;
      if (first === undefined) {
        if (!blocks.some(isKey)) ignored.push(file.path);
        continue;
      }
      const der = pemBytes(first);
      leaves.push({ file, chain, der, x509: readX509(der) });
    } catch (error) {
      broken.push({ path: file.path, why: `its certificate cannot be read: ${messageOf(error)}` });
    }
  }
  const publicKeys = new Map(keys.map((key) => [key, publicKeyOf(key.block)] as const));
  const found = new Map<string, { readonly certificate: Certificate; readonly length: number }>();
  for (const leaf of leaves) {
    const key = keyOf(leaf, keys, publicKeys);
    if (key === undefined && isOfChain(leaf, leaves)) continue;
    if (key === undefined || typeof key === "string") {
      broken.push({ path: leaf.file.path, why: key ?? NO_KEY });
      continue;
    }
    const certificate = withKey(leaf, key, nameOf(leaf, group), origin);
    // certbot has the certificate alone beside the one with its chain.
    const before = found.get(certificate.fingerprint);
    if (before !== undefined && before.length >= leaf.chain.length) continue;
    found.set(certificate.fingerprint, { certificate, length: leaf.chain.length });
  }
  return { certificates: [...found.values()].map(({ certificate }) => certificate), broken, ignored };
}

/** A folder stands for its one certificate. */
const nameOf = ({ file }: Leaf, { folder }: GivenGroup): string => folder ?? file.name;

/** The key of a certificate; why it cannot be used; or nothing where there is none. */
function keyOf(
  leaf: Leaf,
  keys: readonly Key[],
  publicKeys: ReadonlyMap<Key, Uint8Array | undefined>,
): Key | string | undefined {
  const own = keys.filter(({ file }) => file === leaf.file);
  const candidates = own.length > 0 ? own : keys;
  const fitting = candidates.find((key) => isSame(publicKeys.get(key), leaf.x509.publicKey));
  if (fitting !== undefined) return fitting;
  const near = own[0] ?? keys.find(({ file }) => isBeside(file, leaf.file));
  if (near === undefined) return undefined;
  if (isLocked(near.block)) return LOCKED;
  // A kind of key that is not known here may be known to HAProxy.
  if (publicKeys.get(near) === undefined) return near;
  const where = near.file === leaf.file ? "" : ` in ${near.file.path}`;
  return `its certificate does not match its private key${where}`;
}

const NO_KEY =
  "it has no private key: expected the key in the same file, or beside it in NAME.key or privkey.pem";
const LOCKED = "its private key is locked with a password, which HAProxy cannot ask for";

const stemOf = (name: string): string => name.replace(/\.[^.]*$/, "");

/** Whether a key's file is named for a certificate's. */
const isBeside = (key: GivenFile, certificate: GivenFile): boolean =>
  key.name === `${certificate.name}.key` || stemOf(key.name) === stemOf(certificate.name) ||
  (/^priv?key|^key\./.test(key.name) && /^(?:full)?chain|^cert/.test(certificate.name));

/** Whether a certificate without a key is one that others are signed by: it need not have a key. */
function isOfChain(leaf: Leaf, leaves: readonly Leaf[]): boolean {
  const [own] = leaf.chain;
  const isForNoHost = leaf.x509.names.every((name) => !name.includes("."));
  return (leaves.length > 1 && leaf.x509.isAuthority && isForNoHost) ||
    leaves.some((other) => other !== leaf && other.chain.slice(1).some(({ text }) => text === own?.text));
}

function publicKeyOf(block: PemBlock): Uint8Array | undefined {
  try {
    const key = createPrivateKey({ key: block.text, format: "pem" });
    // deno-lint-ignore no-explicit-any
    return new Uint8Array(createPublicKey(key as any).export({ type: "spki", format: "der" }));
  } catch {
    return undefined;
  }
}

const isSame = (a: Uint8Array | undefined, b: Uint8Array): boolean =>
  a !== undefined && a.length === b.length && a.every((byte, at) => byte === b[at]);

function withKey(
  { file, chain, der, x509 }: Leaf,
  key: Key,
  name: string,
  origin: Certificate["origin"],
): Certificate {
  const parameters = pemBlocks(file.text).filter(({ label }) => label === "DH PARAMETERS");
  const text = [...chain, key.block, ...parameters].map(({ text }) => text).join("");
  const keyPath = key.file === file ? undefined : key.file.path;
  return certificateOf({ text, der, x509 }, { path: file.path, keyPath, origin, name });
}
