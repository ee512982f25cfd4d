import type { RouteKey } from "./route_key.ts";
import { valueRow } from "./route_row.ts";
import { expected, type Parsed, parsed } from "../values/notice.ts";

declare const brand: unique symbol;

/** The name of a certificate, or of authorities, in the operator's folder: a file's or folder's, never a path. */
export type CertificateName = string & { readonly [brand]: "CertificateName" };

/** What a route says of TLS with its clients, beside redirects to it. */
export const TLS_KEYS = {
  ssl_cert: {
    label: "ssl_cert",
    kind: "string",
    scope: "route",
    streams: "ended",
    flag: "owncert",
    // It is about handshakes, of which the rules for requests know nothing.
    isFlagged: () => false,
    costs: "key",
    otherNames: ["cert_name", "certificate", "tls_cert"],
    shown: (name: CertificateName) => name,
    meaning:
      "which file (or folder) of `--tls-cert` has the certificate for its hosts, in place of the one that fits by its names",
    parse: inFolderOf("--tls-cert", "shop.pem"),
  },
  client_ca: {
    label: "client_ca",
    kind: "string",
    scope: "route",
    flag: "clientca",
    rows: valueRow("clientca"),
    costs: "route",
    isGuard: true,
    since: [2, 5],
    otherNames: ["mtls", "client_cert", "client_auth", "tls_client_ca", "auth_tls_secret", "ssl_client_ca"],
    shown: (name: CertificateName) => name,
    meaning:
      "let in only clients with a certificate of their own that is by an authority of this file of `--client-ca`",
    parse: inFolderOf("--client-ca", "staff.pem"),
  },
} as const satisfies Readonly<Record<string, RouteKey>>;

/** Reads the name of such a file. */
export function parseFileName(text: string): Parsed<CertificateName> {
  return /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/.test(text)
    ? parsed(text as CertificateName)
    : expected("a name of letters, digits and ._-");
}

/** Reads the name of a file in the folder of a setting. */
export function inFolderOf(setting: string, example: string): (text: string) => Parsed<CertificateName> {
  return (text) => {
    const name = parseFileName(text);
    return name.ok
      ? name
      : expected(`the name of a file in the folder of ${setting}, such as ${example}, without a path`);
  };
}
