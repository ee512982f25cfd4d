import { type CertificateRow, DEFAULT_FILE, listLine } from "../certificates/choose.ts";
import { isNamedFile, isOfAuthorities, type NamedFile } from "../certificates/named_file.ts";
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

type Planned = CertificateChange | { readonly reason: ReloadReason } | undefined;

/** Plans the certificates. Where there is no listener for them yet, or none is left, the listener's own reload brings them. */
export function planCertificates(running: Running, { certificates }: Desired): CertificateOperations {
  const rows = running.certificates.has(DEFAULT_FILE) ? certificates?.rows ?? [] : [];
  const named = certificates?.named ?? [];
  const changes = named.map((file) => changeOfNamed(file, running));
  const listed = rows.map((row) => changeOf(row, running));
  const isAdded = (change: Planned) =>
    change !== undefined && "kind" in change && change.kind === "add-certificate";
  const planned: Planned[] = [
    ...changes,
    ...listed.filter(isAdded),
    ...listed.filter((change) => !isAdded(change)),
  ];
  const early = planned.flatMap((change) => change !== undefined && "kind" in change ? [change] : []);
  const reasons = planned.flatMap((change) =>
    change !== undefined && "reason" in change ? [change.reason] : []
  );
  const wanted = new Set([...rows, ...named].map(({ file }) => file));
  const added = new Set(
    early.flatMap((change) => change.kind === "add-certificate" ? [change.certificate.content] : []),
  );
  const replaced: CertificateChange[] = [];
  const late: CertificateChange[] = [];
  const left: CertificateChange[] = [];
  for (const [file, { content }] of running.certificates) {
    if (wanted.has(file)) continue;
    if (isNamedFile(file)) {
      // The list of a listener that is off holds a certificate until the next reload.
      if (isOfAuthorities(file)) left.push({ kind: "delete-named", file });
    } else if (rows.length === 0) continue;
    // Of two lines for a name HAProxy takes the older one: the new line counts for clients when that one has gone.
    else (added.has(content) ? replaced : late).push({ kind: "delete-certificate", file });
  }
  return { early: [...early, ...replaced], late: [...late, ...left], reasons };
}

function changeOf(row: CertificateRow, { certificates }: Running): Planned {
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

function changeOfNamed(named: NamedFile, { certificates }: Running): Planned {
  const { file, content } = named;
  const before = certificates.get(file);
  if (before?.content === content) return undefined;
  if (!fitsCommand(named)) return { reason: { kind: "certificate", file, why: "too-long" } };
  return { kind: before === undefined ? "add-named" : "set-named", file, named };
}
