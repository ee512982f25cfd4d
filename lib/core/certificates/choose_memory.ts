import type { FoundCertificates } from "./certificate.ts";
import { type CertificateSet, chooseCertificates, setOf, type Wanted } from "./choose.ts";

/** Remembers what was chosen of certificates that have not been read again. */
export class ChooseMemory {
  #last:
    | { readonly found: FoundCertificates; readonly wanted: string; readonly chosen: CertificateSet }
    | undefined;

  /**
   * What HAProxy is to have of the certificates, with a TLS listener or without; the same object as the last time where nothing
   * was read since.
   */
  chosenOf(found: FoundCertificates, wanted: Wanted, hasListener: boolean): CertificateSet {
    const { wishes, asking, spared, named } = wanted;
    const text = JSON.stringify([
      hasListener,
      [...wishes],
      [...asking],
      spared,
      named.map(({ file, content }) => [file, content]),
    ]);
    if (this.#last?.found === found && this.#last.wanted === text) return this.#last.chosen;
    const { certificates, selfSigned, atMs } = found;
    const chosen = hasListener
      ? chooseCertificates(certificates, selfSigned, atMs, wanted)
      : setOf([], named);
    this.#last = { found, wanted: text, chosen };
    return chosen;
  }
}
