import { CertificateFiles, UNREAD } from "../certificates/certificate_files.ts";
import { makeSelfSigned, readSelfSigned } from "../certificates/self_signed.ts";
import { systemClock } from "../clock.ts";
import { type FoundCertificates, NO_CERTIFICATES } from "../core/certificates/certificate.ts";
import type { CertificateSet } from "../core/certificates/choose.ts";
import type { CertificateSource } from "../core/certificates/source.ts";
import { isAcmeOn } from "../core/settings/acme_values.ts";
import type { Settings } from "../core/settings/settings.ts";
import { certificatesOf, storageOf } from "./acme.ts";
import { absolute } from "./absolute.ts";

/** Where the settings say that certificates are. */
export function certificateSources(settings: Settings): readonly CertificateSource[] {
  const { tlsCert, clientCa, backendCa, backendCert } = settings;
  const folder = (path: string | undefined, origin: CertificateSource["origin"]) =>
    path === undefined ? [] : [{ path: absolute(path), origin }];
  return [
    ...folder(tlsCert, "file"),
    ...isAcmeOn(settings) ? [{ path: certificatesOf(storageOf(settings)), origin: "acme" } as const] : [],
    ...folder(clientCa, "client-ca"),
    ...folder(backendCa, "backend-ca"),
    ...folder(backendCert, "backend-cert"),
  ];
}

/** Whether there is a listener for HTTPS: it needs no certificate to begin with. */
export const listensForTls = (settings: Settings): boolean =>
  settings.tlsCert !== undefined || isAcmeOn(settings);

/**
 * The certificates of the settings as they are now, for what is rendered and not run: a machine that renders need not have
 * them.
 */
export async function readCertificates(settings: Settings): Promise<FoundCertificates> {
  const sources = certificateSources(settings);
  if (sources.length === 0) return NO_CERTIFICATES;
  const found = await new CertificateFiles(sources, undefined).read(systemClock.date().getTime());
  const notices = found.notices.map((notice) =>
    notice.code === UNREAD ? { ...notice, severity: "info" as const } : notice
  );
  return { ...found, notices };
}

/** The file or folder of `--tls-cert` where it could not be read. */
export function unreadOf({ tlsCert }: Settings, { notices }: FoundCertificates): string | undefined {
  if (tlsCert === undefined) return undefined;
  const path = absolute(tlsCert);
  return notices.some(({ code, subject }) => code === UNREAD && subject === path) ? path : undefined;
}

/** A set with a default that signed itself, where it has none: HAProxy would not load what is rendered without it. */
export async function withDefault(set: CertificateSet): Promise<CertificateSet> {
  if (set.rows.every(({ certificate }) => certificate !== undefined)) return set;
  const atMs = systemClock.date().getTime();
  const made = readSelfSigned(await makeSelfSigned(atMs), atMs);
  return { ...set, rows: set.rows.map((row) => ({ ...row, certificate: row.certificate ?? made })) };
}
