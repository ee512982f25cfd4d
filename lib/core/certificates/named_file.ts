import type { Authority } from "./authority.ts";
import { type Certificate, type FoundCertificates, SecretPem } from "./certificate.ts";

/**
 * A file that lines of the config and of certs.list name beside the certificates of listeners: authorities, a certificate that
 * HAProxy shows to servers, or the answer to an authority.
 */
export type NamedFile = {
  /** As HAProxy knows it. */
  readonly file: string;
  readonly kind: "authorities" | "certificate" | "answer";
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
const ANSWER = /^certs\.d\/_answer-\d\.pem$/;

/** How many authorities can be answered at a time; a digit tells one from the other. */
const MOST_ANSWERS = 8;

/** The files of answers to authorities that look at the port of HTTPS (RFC 8737): HAProxy always has all of them. */
export const ANSWER_FILES: readonly string[] = Array.from(
  { length: MOST_ANSWERS },
  (_, at) => `certs.d/_answer-${at}.pem`,
);

/** Whether it is none of certs.list. */
export const isNamedFile = (file: string): boolean =>
  file.startsWith(AUTHORITIES) || file.startsWith(CERTIFICATE) || ANSWER.test(file);

/** Whether HAProxy has it as authorities. */
export const isOfAuthorities = (file: string): boolean => file.startsWith(AUTHORITIES);

/** Whether HAProxy has it as authorities that clients are asked for. */
export const isOfClients = (file: string): boolean => file.startsWith(`${AUTHORITIES}clients-`);

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

/** The answers to authorities; a file without one has the certificate that nobody asks for. */
export function answerFiles({ selfSigned, answers }: FoundCertificates): readonly NamedFile[] {
  if (selfSigned === undefined) return [];
  return ANSWER_FILES.map((file) => {
    const { pem, content, fingerprint } = answers?.get(file) ?? selfSigned;
    return { file, kind: "answer", path: "", keyPath: undefined, pem, content, fingerprint };
  });
}
