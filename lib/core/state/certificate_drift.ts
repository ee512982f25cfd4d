import { type CertificateFile, DEFAULT_FILE } from "../certificates/choose.ts";
import { isNamedFile } from "../certificates/named_file.ts";
import { lineIn, parseFingerprint, parseList } from "../runtime/certificate_commands.ts";
import type { RunningCertificate, RunningCertificates } from "./running.ts";

/** Certificates as HAProxy reports them. */
export type ReportedCertificates = {
  /** The lines of certs.list, by their files. */
  readonly lines: ReadonlyMap<CertificateFile, string>;
  /** By their files, as far as they were read; `undefined` where HAProxy has none. */
  readonly fingerprints: ReadonlyMap<CertificateFile, string | undefined>;
};

/** Certificates that somebody else changed, as they are now; `undefined` for those that are gone. */
export type ChangedCertificates = ReadonlyMap<CertificateFile, RunningCertificate | undefined>;

/** Reads the answers about certs.list and certificates. */
export function parseCertificates(
  files: readonly CertificateFile[],
  [list = "", ...answers]: readonly string[],
): ReportedCertificates {
  return {
    lines: files.length === 0 ? new Map() : parseList(list),
    fingerprints: new Map(files.map((file, at) => [file, parseFingerprint(answers[at] ?? "")])),
  };
}

/** Compares the certificates with what signalbox knows of them. The next plan puts right what commands can. */
export function findCertificateDrift(
  running: RunningCertificates,
  { lines, fingerprints }: ReportedCertificates,
): {
  readonly changed: ChangedCertificates;
  readonly told: readonly string[];
  readonly reloadReason: string | undefined;
} {
  const changed = new Map<CertificateFile, RunningCertificate | undefined>();
  const told: string[] = [];
  let reloadReason: string | undefined;
  const tell = (file: CertificateFile, what: string) =>
    told.push(`the certificate ${file} was ${what} by someone else`);
  for (const [file, believed] of running) {
    const fingerprint = fingerprints.get(file);
    const line = lineIn(lines, file);
    if (fingerprint === believed.fingerprint && line === believed.line) continue;
    if (fingerprint !== undefined && line !== undefined && line === believed.line) {
      tell(file, "replaced");
      changed.set(file, { content: "", fingerprint, line });
      continue;
    }
    const isGone = line === undefined || isNamedFile(file);
    tell(file, isGone ? "removed" : "given other names");
    // Half of it may be left, and a line does not get other filters.
    reloadReason = `the certificate ${file} was changed by someone else`;
  }
  for (const [file, line] of running.has(DEFAULT_FILE) ? lines : []) {
    if (running.has(file)) continue;
    tell(file, "added");
    changed.set(file, { content: "", fingerprint: "", line });
  }
  return { changed, told, reloadReason };
}
