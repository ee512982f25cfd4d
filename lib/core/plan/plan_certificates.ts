import { type CertificateRow, DEFAULT_FILE, listLine } from "../certificates/choose.ts";
import type { Desired } from "../config/render.ts";
import { type CertificateChange, fitsCommand } from "../runtime/certificate_commands.ts";
import type { Running } from "../state/running.ts";
import type { ReloadReason } from "./reload_reason.ts";

/** What changes of the certificates: new ones come before all else, old ones go after it. */
export type CertificateOperations = {
  readonly early: readonly CertificateChange[];
  readonly late: readonly CertificateChange[];
  readonly reasons: readonly ReloadReason[];
};

/** Plans the certificates. Where there is no listener for them yet, or none is left, the listener's own reload brings them. */
export function planCertificates(running: Running, { certificates }: Desired): CertificateOperations {
  const added: CertificateChange[] = [];
  const set: CertificateChange[] = [];
  const late: CertificateChange[] = [];
  const reasons: ReloadReason[] = [];
  const rows = certificates?.rows ?? [];
  if (rows.length === 0 || !running.certificates.has(DEFAULT_FILE)) return { early: [], late, reasons };
  for (const row of rows) {
    const change = changeOf(row, running);
    if (change === undefined) continue;
    if ("reason" in change) reasons.push(change.reason);
    else (change.kind === "add-certificate" ? added : set).push(change);
  }
  const wanted = new Set(rows.map(({ file }) => file));
  for (const file of running.certificates.keys()) {
    if (!wanted.has(file)) late.push({ kind: "delete-certificate", file });
  }
  return { early: [...added, ...set], late, reasons };
}

function changeOf(
  row: CertificateRow,
  { certificates }: Running,
): CertificateChange | { readonly reason: ReloadReason } | undefined {
  const { file, certificate } = row;
  const before = certificates.get(file);
  const line = listLine(row);
  if (before?.content === (certificate?.content ?? "") && before.line === line) return undefined;
  // HAProxy gives a line no other filters, and takes no long chain by a command.
  const isOther = before !== undefined && before.line !== line;
  if (certificate === undefined || isOther || !fitsCommand(certificate)) {
    return { reason: { kind: "certificate", file, why: isOther ? "other-filters" : "too-long" } };
  }
  return before === undefined
    ? { kind: "add-certificate", file, line, certificate }
    : { kind: "set-certificate", file, certificate };
}
