import type { RouteKey } from "./route_key.ts";
import { expected, type Parsed, parsed } from "../values/notice.ts";

declare const brand: unique symbol;

/** The name of a certificate in the operator's folder: a file's or folder's, never a path. */
export type CertificateName = string & { readonly [brand]: "CertificateName" };

/** What a route says of TLS with its clients, beside redirects to it. */
export const TLS_KEYS = {
  ssl_cert: {
    label: "ssl_cert",
    kind: "string",
    scope: "route",
    flag: "owncert",
    // It is about handshakes, of which the rules for requests know nothing.
    isFlagged: () => false,
    costs: "key",
    otherNames: ["cert_name", "certificate", "tls_cert"],
    shown: (name: CertificateName) => name,
    meaning:
      "which file (or folder) of `--tls-cert` has the certificate for its hosts, in place of the one that fits by its names",
    parse: parseCertificateName,
  },
} as const satisfies Readonly<Record<string, RouteKey>>;

/** Reads `ssl_cert`. */
export function parseCertificateName(text: string): Parsed<CertificateName> {
  return /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/.test(text)
    ? parsed(text as CertificateName)
    : expected("the name of a file in the folder of --tls-cert, such as shop.pem, without a path");
}
