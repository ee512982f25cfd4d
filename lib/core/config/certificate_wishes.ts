import { certificateNamed, type CertificateWishes } from "../certificates/choose.ts";
import type { FoundCertificates } from "../certificates/certificate.ts";
import type { Backend, Model } from "../model/model.ts";
import { elder } from "../model/claims.ts";
import { decides } from "../model/deciders.ts";
import type { HostName } from "../values/names.ts";
import { isHostPattern } from "../values/host_pattern.ts";
import { type Notice, quote } from "../values/notice.ts";

/** Names of certificates that a notice lists. */
const MOST_LISTED = 5;

/**
 * Which certificates routes name for their hosts, and what is wrong with that. A handshake knows no path: the oldest
 * container of a host decides for all of it.
 */
export function certificateWishes(
  model: Model,
  { certificates }: FoundCertificates,
): { readonly wishes: CertificateWishes; readonly notices: readonly Notice[] } {
  const wishes = new Map<string, string>();
  const notices: Notice[] = [];
  const others: (() => readonly Notice[])[] = [];
  for (const backend of model.backends) {
    if (backend.options.ssl_cert === undefined) continue;
    const name: string = backend.options.ssl_cert ?? "";
    if (certificateNamed(certificates, name) === undefined) {
      // A machine that only renders may have none.
      if (certificates.length > 0) notices.push(missing(backend, name, certificates));
      continue;
    }
    const hosts = new Set(backend.routes.map(({ host }) => host));
    const covered = [...hosts].filter((host) => !isHostPattern(host) && /^[a-z0-9*_.-]+$/.test(host));
    for (const host of covered) if (decides(model, backend, host)) wishes.set(host, name);
    others.push(() =>
      covered.filter((host) => wishes.get(host) !== name).map((host) => olderDecides(backend, host, model))
    );
  }
  for (const noticesOf of others) notices.push(...noticesOf());
  return { wishes, notices };
}

function olderDecides({ servers }: Backend, host: HostName, { deciders }: Model): Notice {
  const who = deciders.get(host)?.by;
  const message = `ssl_cert is left out for ${host}: ${
    who === undefined ? "an older container has that host" : `${elder(who)} has that host`
  }, and decides about its certificate`;
  return {
    severity: "warning",
    code: "older-decides",
    subject: servers[0]?.containerName ?? "",
    message,
  };
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
