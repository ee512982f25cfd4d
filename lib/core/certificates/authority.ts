/** Whom authorities vouch for: clients (`--client-ca`), or servers that HAProxy connects to (`--backend-ca`). */
export type AuthorityUse = "clients" | "servers";

/** A file of authorities' certificates, as it was found. */
export type Authority = {
  readonly use: AuthorityUse;
  readonly path: string;
  /** By what name an operator knows it: that of its file. */
  readonly name: string;
  /** Its certificates, and nothing else. */
  readonly pem: string;
  /** SHA-256 of the PEM, in hexadecimal digits. */
  readonly content: string;
  /** SHA-1 of each certificate as HAProxy shows it, sorted, with commas between them. */
  readonly fingerprint: string;
  /** SHA-256 of the name of each, as `ssl_c_i_dn` writes it (subject_name.ts), in hexadecimal digits. */
  readonly nameHashes: readonly string[];
};

/** Certificates of one file: each makes a row for the names that clients' certificates may be issued by. */
export const MOST_AUTHORITIES = 50;

/** The one of a name; its ending may be left out. */
export function named<T extends { readonly name: string }>(all: readonly T[], name: string): T | undefined {
  return all.find((each) => each.name === name) ??
    all.find((each) => each.name.replace(/\.(?:pem|crt|cer)$/, "") === name);
}
