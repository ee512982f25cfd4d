import type { Authority } from "./authority.ts";
import type { Notice } from "../values/notice.ts";
import type { KeyKind } from "./x509.ts";

/** The text of a PEM file with a private key in it: it is sent to HAProxy and written to private files, and told to nobody. */
export class SecretPem {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself. */
  reveal(): string {
    return this.#text;
  }
}

/** A certificate with its chain and key, as it was found. */
export type Certificate = {
  /** The file that it lies in; empty for one that signalbox made itself. */
  readonly path: string;
  /** The file of its key, where that is another one. */
  readonly keyPath: string | undefined;
  readonly origin: "file" | "acme" | "self-signed";
  /** By what name an operator knows it: that of its file, or of its folder. */
  readonly name: string;
  /** Key, certificate and chain, as HAProxy takes them. */
  readonly pem: SecretPem;
  /** SHA-256 of the PEM, in hexadecimal digits. */
  readonly content: string;
  /** SHA-1 of the certificate, as HAProxy shows it. */
  readonly fingerprint: string;
  /** Names of hosts that it is for, in small letters. */
  readonly names: readonly string[];
  readonly validFrom: number;
  readonly validTo: number;
  readonly keyKind: KeyKind;
};

/** A certificate with its key that answers an authority. */
export type Answer = Pick<Certificate, "pem" | "content" | "fingerprint">;

/** The certificates that there are at a moment, and the notices about their files. */
export type FoundCertificates = {
  /** In the order in which they count: those of files first. */
  readonly certificates: readonly Certificate[];
  /** What is shown to clients for whom there is none; `undefined` where HAProxy is not run with what is rendered. */
  readonly selfSigned: Certificate | undefined;
  /** Authorities for clients and servers; absent where none were looked for. */
  readonly authorities?: readonly Authority[];
  /** Certificates that HAProxy may show to servers; absent where none were looked for. */
  readonly forServers?: readonly Certificate[];
  /** What authorities are answered with at the port of HTTPS, by its file; absent where they look for nothing. */
  readonly answers?: ReadonlyMap<string, Answer>;
  readonly notices: readonly Notice[];
  /** When they were read, in milliseconds since 1970. */
  readonly atMs: number;
};

/** No setting names certificates. */
export const NO_CERTIFICATES: FoundCertificates = {
  certificates: [],
  selfSigned: undefined,
  notices: [],
  atMs: 0,
};
