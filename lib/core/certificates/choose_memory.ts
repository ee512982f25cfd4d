import type { FoundCertificates } from "./certificate.ts";
import { type CertificateSet, chooseCertificates } from "./choose.ts";

/** Remembers what was chosen of certificates that have not been read again. */
export class ChooseMemory {
  #last: { readonly found: FoundCertificates; readonly chosen: CertificateSet } | undefined;

  /** What HAProxy is to have of the certificates; the same object as the last time where nothing was read since. */
  chosenOf(found: FoundCertificates): CertificateSet {
    if (this.#last?.found === found) return this.#last.chosen;
    const { certificates, selfSigned, atMs } = found;
    const chosen = chooseCertificates(certificates, selfSigned, atMs);
    this.#last = { found, chosen };
    return chosen;
  }
}
