import type { FoundCertificates } from "./certificate.ts";
import { type CertificateSet, type CertificateWishes, chooseCertificates } from "./choose.ts";

/** Remembers what was chosen of certificates that have not been read again. */
export class ChooseMemory {
  #last:
    | { readonly found: FoundCertificates; readonly wishes: string; readonly chosen: CertificateSet }
    | undefined;

  /** What HAProxy is to have of the certificates; the same object as the last time where nothing was read since. */
  chosenOf(found: FoundCertificates, wishes: CertificateWishes): CertificateSet {
    const text = JSON.stringify([...wishes]);
    if (this.#last?.found === found && this.#last.wishes === text) return this.#last.chosen;
    const { certificates, selfSigned, atMs } = found;
    const chosen = chooseCertificates(certificates, selfSigned, atMs, wishes);
    this.#last = { found, wishes: text, chosen };
    return chosen;
  }
}
