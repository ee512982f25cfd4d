import { createHash } from "node:crypto";
import { type Certificate, SecretPem } from "../core/certificates/certificate.ts";
import type { X509 } from "../core/certificates/x509.ts";

/** What signalbox keeps of a certificate: `text` is its PEM with chain and key, `der` the certificate alone. */
export function certificateOf(
  { text, der, x509 }: {
    readonly text: string;
    readonly der: Uint8Array<ArrayBuffer>;
    readonly x509: X509;
  },
  origin: Pick<Certificate, "path" | "keyPath" | "origin" | "name">,
): Certificate {
  const { names, validFrom, validTo, keyKind } = x509;
  return {
    ...origin,
    pem: new SecretPem(text),
    content: createHash("sha256").update(text).digest("hex"),
    fingerprint: createHash("sha1").update(der).digest("hex").toUpperCase(),
    names,
    validFrom,
    validTo,
    keyKind,
  };
}
