import type { CertificateSet } from "../certificates/choose.ts";
import { count } from "../values/count.ts";

/** A certificate that HAProxy is to have. */
export type CertificateStatus = {
  /** By what an operator knows it; its file's path where another one has the same name. */
  readonly name: string;
  readonly origin: "file" | "acme" | "self-signed";
  /** The hosts that it is for. */
  readonly hosts: readonly string[];
  /** Until when it is valid, as ISO 8601. */
  readonly validTo: string;
};

/** Certificates that `status` lists, and hosts of one. */
const MOST_LISTED = 10;
const MOST_HOSTS = 3;

/** The certificates of a set, each once. */
export function certificatesOf(set: CertificateSet | undefined): readonly CertificateStatus[] {
  const all = new Set(set?.rows.flatMap(({ certificate }) => certificate ?? []));
  const names = Map.groupBy(all, ({ name }) => name);
  return [...all].map(({ name, path, origin, names: hosts, validTo }) => ({
    name: names.get(name)?.length === 1 ? name : path,
    origin,
    hosts,
    validTo: new Date(validTo).toISOString(),
  }));
}

/** A line a certificate, those that expire first in front. */
export function certificateLines(certificates: readonly CertificateStatus[] = []): readonly string[] {
  const sorted = certificates.filter(({ origin }) => origin !== "self-signed")
    .sort((a, b) => a.validTo < b.validTo ? -1 : 1);
  const lines = sorted.slice(0, MOST_LISTED).map(({ name, hosts, validTo }) => {
    const more = hosts.length > MOST_HOSTS ? ` and ${hosts.length - MOST_HOSTS} more` : "";
    return `certificate ${name}: for ${hosts.slice(0, MOST_HOSTS).join(", ")}${more}, valid until ${validTo}`;
  });
  const others = sorted.length - lines.length;
  return others === 0 ? lines : [...lines, `and ${count(others, "other certificate")}, valid for longer`];
}
