import type { Notice } from "../values/notice.ts";
import type { Certificate, FoundCertificates } from "./certificate.ts";
import type { CertificateSet } from "./choose.ts";
import { isCertificate, pemBlocks, pemBytes } from "./pem.ts";
import { readX509, rsaBits } from "./x509.ts";

/** A smaller key of RSA is what OpenSSL refuses, by the security level that systems set. */
const LEAST_RSA_BITS = 2_048;

/** What HAProxy says of a file that is gone (ENOENT). */
const NOT_THERE = "No such file or directory";

/** Files of certificates that words of HAProxy name. */
const NAMED_FILES = /\bcerts\.d\/[A-Za-z0-9._-]*[A-Za-z0-9_-]/g;

/**
 * Certificates that can be read, and that HAProxy refuses: how small a key may be, and which kinds there are, only its own
 * OpenSSL knows. They are left out until their content changes; what their files held before stays.
 */
export class RefusedCertificates {
  /** Why they are refused, by their content. */
  readonly #refused = new Map<string, string>();
  /** What HAProxy has taken of each file. */
  readonly #taken = new Map<string, Certificate>();
  #checked: string | undefined;
  #last: { readonly found: FoundCertificates; readonly filtered: FoundCertificates } | undefined;

  /** What there is but those that were refused; the same object as long as nothing differs. */
  filter(found: FoundCertificates): FoundCertificates {
    if (this.#refused.size === 0) return found;
    if (this.#last?.found === found) return this.#last.filtered;
    const contents = new Set(found.certificates.map(({ content }) => content));
    for (const content of this.#refused.keys()) if (!contents.has(content)) this.#refused.delete(content);
    const notices: Notice[] = [];
    const certificates = found.certificates.flatMap((certificate) => {
      const why = this.#refused.get(certificate.content);
      if (why === undefined) return [certificate];
      const before = this.#taken.get(certificate.path);
      notices.push(noticeOf(certificate, why, before !== undefined));
      return before ?? [];
    });
    const filtered = { ...found, certificates, notices: [...found.notices, ...notices] };
    this.#last = { found, filtered };
    return filtered;
  }

  /** Whether HAProxy is to check a set: something in it is new. Says so once of each set. */
  isToAsk({ rows, key }: CertificateSet): boolean {
    if (this.#checked === key) return false;
    this.#checked = key;
    return rows.some(({ certificate }) =>
      certificate !== undefined && certificate.origin !== "self-signed" &&
      this.#taken.get(certificate.path)?.content !== certificate.content
    );
  }

  /** HAProxy takes all of a set. */
  take({ rows }: CertificateSet): void {
    this.#taken.clear();
    for (const { certificate } of rows) if (certificate) this.#taken.set(certificate.path, certificate);
  }

  /** Leaves out those that words of HAProxy name; answers whether there are any. */
  refuse({ rows }: CertificateSet, words: string): boolean {
    const before = this.#refused.size;
    for (const message of words.split("; ")) {
      // That says nothing of the certificate: its file was replaced in the middle of the check.
      if (message.includes(NOT_THERE)) continue;
      for (const [file] of message.matchAll(NAMED_FILES)) {
        const certificate = rows.find((row) => row.file === file)?.certificate;
        if (certificate === undefined || this.#refused.has(certificate.content)) continue;
        this.#refused.set(certificate.content, reasonOf(message, file));
        if (this.#taken.get(certificate.path)?.content === certificate.content) {
          this.#taken.delete(certificate.path);
        }
      }
    }
    this.#last = undefined;
    return this.#refused.size > before;
  }

  /** Lets all be tried again. */
  clear(): void {
    this.#refused.clear();
    this.#checked = undefined;
    this.#last = undefined;
  }
}

/** What HAProxy says of a file, without where it says it: 2.6 gives no reason of OpenSSL's, 3.0 and later do. */
function reasonOf(message: string, file: string): string {
  return message.replace(/^.*error processing line \d+ in file '[^']*' : /, "")
    .replace(/ Make sure you are linking against Openssl.*$/, "")
    .replace(` '${file}'`, "").replace(/\.$/, "");
}

function noticeOf(certificate: Certificate, why: string, isKept: boolean): Notice {
  const bits = bitsOf(certificate);
  const small = bits !== undefined && bits < LEAST_RSA_BITS ? ` (its RSA key has ${bits} bits)` : "";
  const kept = isKept ? "; what it held before is" : "";
  return {
    severity: "warning",
    code: "certificate-refused",
    subject: certificate.path,
    message: `it is not used, since HAProxy refuses it: ${why}${small}${kept}`,
  };
}

function bitsOf({ pem }: Certificate): number | undefined {
  const leaf = pemBlocks(pem.reveal()).find(isCertificate);
  return leaf === undefined ? undefined : rsaBits(readX509(pemBytes(leaf)));
}
