import { certificateNamed, type CertificateWishes } from "../certificates/choose.ts";
import type { FoundCertificates } from "../certificates/certificate.ts";
import type { Backend, Model } from "../model/model.ts";
import { isHostPattern } from "../values/host_pattern.ts";
import { type Notice, quote } from "../values/notice.ts";

/** Names of certificates that a notice lists. */
const MOST_LISTED = 5;

/**
 * Which certificates routes name for their hosts, and what is wrong with that. A handshake knows no path: what serves a
 * host's root decides for all of it.
 */
export function certificateWishes(
  { backends }: Model,
  { certificates }: FoundCertificates,
): { readonly wishes: CertificateWishes; readonly notices: readonly Notice[] } {
  const wishes = new Map<string, string>();
  const notices: Notice[] = [];
  const asking = backends.filter(({ options }) => options.ssl_cert !== undefined);
  for (const backend of [...asking].sort((a, b) => a.path.length - b.path.length)) {
    const name: string = backend.options.ssl_cert ?? "";
    if (certificateNamed(certificates, name) === undefined) {
      // A machine that only renders may have none.
      if (certificates.length > 0) notices.push(missing(backend, name, certificates));
      continue;
    }
    for (const { host } of backend.routes) {
      if (isHostPattern(host) || !/^[a-z0-9*_.-]+$/.test(host) || wishes.has(host)) continue;
      wishes.set(host, name);
    }
  }
  return { wishes, notices };
}

function missing(
  { servers }: Backend,
  name: string,
  certificates: FoundCertificates["certificates"],
): Notice {
  const known = certificates.filter(({ origin }) => origin === "file").map(({ name }) => name);
  const more = known.length > MOST_LISTED ? ` and ${known.length - MOST_LISTED} more` : "";
  const message = `ssl_cert ${quote(name)} is no certificate of --tls-cert, expected one of ${
    known.slice(0, MOST_LISTED).join(", ")
  }${more}; the one that fits by its names is used`;
  return {
    severity: "warning",
    code: "no-such-certificate",
    subject: servers[0]?.containerName ?? "",
    message,
  };
}
