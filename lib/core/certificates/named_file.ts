import type { Authority } from "./authority.ts";
import { type Certificate, SecretPem } from "./certificate.ts";

/**
 * A file that lines of the config and of certs.list name beside the certificates of listeners: authorities, or a certificate that
 * HAProxy shows to servers.
 */
export type NamedFile = {
  /** As HAProxy knows it. */
  readonly file: string;
  readonly kind: "authorities" | "certificate";
  readonly path: string;
  /** The file of its key, where that is another one. */
  readonly keyPath: string | undefined;
  readonly pem: SecretPem;
  readonly content: string;
  readonly fingerprint: string;
};

/** No certificate of a listener has a name that begins so. */
const AUTHORITIES = "certs.d/_ca-";
const CERTIFICATE = "certs.d/_cert-";

/** Whether it is none of certs.list. */
export const isNamedFile = (file: string): boolean =>
  file.startsWith(AUTHORITIES) || file.startsWith(CERTIFICATE);

/** Whether HAProxy has it as authorities. */
export const isOfAuthorities = (file: string): boolean => file.startsWith(AUTHORITIES);

/** The file of authorities for servers that a container names. */
export const serverAuthorities = (said: string): string => `${AUTHORITIES}servers-${said}`;

/** The file of a certificate for servers that a container names. */
export const serverCertificate = (said: string): string => `${CERTIFICATE}${said}`;

/** Authorities as lines name them: by what a container said, which may leave out the ending. */
export const authoritiesFile = (
  { use, path, pem, content, fingerprint }: Authority,
  said: string,
): NamedFile => ({
  file: `${AUTHORITIES}${use}-${said}`,
  kind: "authorities",
  path,
  keyPath: undefined,
  pem: new SecretPem(pem),
  content,
  fingerprint,
});

/** A certificate that servers are shown, as their lines name it, likewise. */
export const certificateFile = (
  { path, keyPath, pem, content, fingerprint }: Certificate,
  said: string,
): NamedFile => ({
  file: serverCertificate(said),
  kind: "certificate",
  path,
  keyPath,
  pem,
  content,
  fingerprint,
});
