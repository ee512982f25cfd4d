import { sha256 } from "../values/sha256.ts";
import { named } from "./authority.ts";
import type { Certificate } from "./certificate.ts";
import { isNamedFile, isOfClients, type NamedFile } from "./named_file.ts";

/** The name of a certificate's file as HAProxy knows it: it stays while its content changes, and never gets other filters. */
export type CertificateFile = string;

/** shown.list: HAProxy reads them as those of a listener that is off, since it looks elsewhere for those of servers. */
export function shownText({ named = [] }: Pick<CertificateSet, "named">): string {
  const files = named.filter(({ kind }) => kind === "certificate").map(({ file }) => `${file}\n`);
  return `# Certificates that containers are shown\n${files.join("")}`;
}

/** A line of certs.list. */
export type CertificateRow = {
  readonly file: CertificateFile;
  /** For which names HAProxy has it; none for all that it is for. */
  readonly filters: readonly string[];
  /** `undefined` where it was not looked for, or none is there. */
  readonly certificate: Certificate | undefined;
  /** The file of the authorities that a client's certificate has to be by; absent where clients need none. */
  readonly authorities?: string;
};

/** The certificates that HAProxy is to have, the default first. */
export type CertificateSet = {
  /** None without a TLS listener. */
  readonly rows: readonly CertificateRow[];
  /** What these rows and lines of servers name beside; absent where that is nothing. */
  readonly named?: readonly NamedFile[];
  /** Tells one set from another: files, filters and contents. */
  readonly key: string;
};

/** The name of the list, as it stands in the config. */
export const CERTS_LIST = "certs.list";

/** The name of the list of certificates that servers are shown. */
export const SHOWN_LIST = "shown.list";

/** Which certificate a host is to be shown, by the name that an operator knows it by. */
export type CertificateWishes = ReadonlyMap<string, string>;

/** The certificate of a file or folder; its ending may be left out. */
export const certificateNamed = (
  certificates: readonly Certificate[],
  name: string,
): Certificate | undefined => named(certificates.filter(({ origin }) => origin === "file"), name);

/** What is wanted of certificates, beside their names. */
export type Wanted = {
  readonly wishes: CertificateWishes;
  /** Hosts whose clients need a certificate, and the file of the authorities that it has to be by. */
  readonly asking: ReadonlyMap<string, string>;
  /** Hosts that are told from wildcards of the two above them, and have what they would have without those. */
  readonly spared?: readonly string[];
  readonly named: readonly NamedFile[];
};

/** Nothing is. */
export const NOTHING_WANTED: Wanted = { wishes: new Map(), asking: new Map(), named: [] };

/** The file of the certificate for clients that ask for a host which has none. */
export const DEFAULT_FILE: CertificateFile = "certs.d/_default.pem";

/** Fits no name: the default is there for what no other row fits (HAProxy manual, 5.1, `crt-list`). */
const NO_NAME = "!*";

/**
 * Chooses what HAProxy is to have: for each name and kind of key, the valid one that lasts longest. As
 * HAProxy does with a folder, the first one of a file is the default; where there is none, one that signed itself.
 */
export function chooseCertificates(
  certificates: readonly Certificate[],
  selfSigned: Certificate | undefined,
  atMs: number,
  { wishes, asking, spared = [], named }: Wanted = NOTHING_WANTED,
): CertificateSet {
  const wished = new Map<string, Certificate>();
  for (const [host, name] of wishes) {
    const certificate = certificateNamed(certificates, name);
    if (certificate !== undefined) wished.set(host, certificate);
  }
  const ranked = [...certificates].sort((a, b) => rankOf(a, atMs) - rankOf(b, atMs) || b.validTo - a.validTo);
  const taken = new Map<string, Certificate>();
  for (const certificate of ranked) {
    for (const name of certificate.names) {
      const key = `${name} ${certificate.keyKind}`;
      if (!taken.has(key)) taken.set(key, certificate);
    }
  }
  const files = new Set<CertificateFile>([DEFAULT_FILE]);
  const first = certificates.find(({ origin }) => origin === "file") ?? selfSigned;
  const rows: CertificateRow[] = [{ file: DEFAULT_FILE, filters: [NO_NAME], certificate: first }];
  const add = (certificate: Certificate, filters: readonly string[], authorities?: string) => {
    const file = fileOf(certificate, filters, files, authorities);
    files.add(file);
    rows.push({ file, filters, certificate, ...authorities !== undefined && { authorities } });
  };
  for (const certificate of certificates) {
    const own = certificate.names.filter((name) =>
      !asking.has(name) && (wished.get(name) ?? taken.get(`${name} ${certificate.keyKind}`)) === certificate
    );
    const more = [...wished].filter(([host, each]) =>
      each === certificate && !own.includes(host) && !asking.has(host)
    );
    if (own.length + more.length === 0) continue;
    const isWhole = own.length === certificate.names.length && more.length === 0;
    add(certificate, isWhole ? [] : [...own, ...more.map(([host]) => host).sort()]);
  }
  const orFirst = (all: readonly Certificate[]) => all.length > 0 ? all : first === undefined ? [] : [first];
  for (const host of spared) {
    for (const certificate of orFirst(takenFor(host, taken))) add(certificate, [host]);
  }
  for (const [host, authorities] of asking) {
    const wish = wished.get(host);
    const all = wish === undefined ? takenFor(host, taken) : [wish];
    for (const certificate of orFirst(all)) add(certificate, [host], authorities);
  }
  return setOf(rows, named);
}

/** A set with these rows; without a TLS listener there are none, and only what servers are checked by, and shown. */
export function setOf(rows: readonly CertificateRow[], files: readonly NamedFile[]): CertificateSet {
  // A load brings HAProxy the authorities of clients by the rows that name them, and no others.
  const wanted = new Set(rows.map(({ authorities }) => authorities));
  const named = files.filter(({ file }) => !isOfClients(file) || wanted.has(file));
  return { rows, ...named.length > 0 && { named }, key: keyOf(rows, named) };
}

const KEY_KINDS: readonly Certificate["keyKind"][] = ["ecdsa", "rsa", "other"];

/** The certificates that a host is shown, one for each kind of key: by its own name, else by a wildcard. */
function takenFor(host: string, taken: ReadonlyMap<string, Certificate>): readonly Certificate[] {
  const above = host.replace(/^[^.]*\./, "*.");
  return KEY_KINDS.flatMap((kind) => taken.get(`${host} ${kind}`) ?? taken.get(`${above} ${kind}`) ?? []);
}

/** Valid ones count before others, and those of files before those that were fetched. */
function rankOf({ origin, validFrom, validTo }: Certificate, atMs: number): number {
  const isValid = validFrom <= atMs && atMs < validTo;
  return (isValid ? 0 : 2) + (origin === "acme" ? 1 : 0);
}

const keyOf = (rows: readonly CertificateRow[], named: readonly NamedFile[]): string =>
  sha256(
    [
      ...rows.map((row) => `${listLine(row)} ${row.certificate?.content}\n`),
      ...named.map(({ file, content }) => `${file} ${content}\n`),
    ].join(""),
  ).slice(0, 32);

/** Names that are told from others are the usual ones: a letter or digit in front, and no sign that is one of HAProxy's. */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/;

/** HAProxy cannot give a row other filters: one with other filters is another row, under a name of its own. */
function fileOf(
  { name, path, origin }: Certificate,
  filters: readonly string[],
  taken: ReadonlySet<CertificateFile>,
  authorities = "",
): CertificateFile {
  const stem = name.replace(/\.pem$/, "").replace(/[^A-Za-z0-9._-]/g, "_").slice(0, 80) || "_";
  const plain = `certs.d/${stem}.pem`;
  const isPlain = PLAIN.test(stem) && `${stem}.pem` === (name.endsWith(".pem") ? name : `${name}.pem`) &&
    filters.length === 0 && !taken.has(plain) && origin === "file";
  if (isPlain) return plain;
  const mark = sha256(`${origin} ${path} ${filters}${authorities && ` ${authorities}`}`).slice(0, 12);
  const own = `certs.d/${stem}-${mark}.pem`;
  // One of those beside them would be changed by other commands.
  return isNamedFile(own) ? own.replace("/_", "/") : own;
}

/** certs.list: a certificate a line, and the names that it is for where those are not all (HAProxy manual, 5.1, `crt-list`). */
export function listText({ rows, key }: CertificateSet): string {
  const lines = rows.map((row) => `${listLine(row)}\n`);
  // Another content of the same files is another list: all that compares files finds it.
  return `# The certificates, the default first: file, and the names that it is for where those are not all\n# Set ${key}\n${
    lines.join("")
  }`;
}

/** A line of certs.list. */
export const listLine = ({ file, filters, authorities }: CertificateRow): string =>
  [file, ...authorities === undefined ? [] : [`[verify optional ca-file ${authorities}]`], ...filters].join(
    " ",
  );
