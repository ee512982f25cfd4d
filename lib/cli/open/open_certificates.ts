import { CertificateFiles } from "../../certificates/certificate_files.ts";
import { LiveCertificates } from "../../certificates/live_certificates.ts";
import { makeSelfSigned, readSelfSigned } from "../../certificates/self_signed.ts";
import { systemClock } from "../../clock.ts";
import type { Certificate } from "../../core/certificates/certificate.ts";
import { writeFile } from "../../haproxy/files/safe_files.ts";
import { failed } from "../failure.ts";
import { certificateSources, listensForTls } from "../given_certificates.ts";
import { cannotUse } from "../state_dir.ts";
import type { RunContext } from "./run_context.ts";

/** The certificates of a signalbox that runs; the one that signed itself is kept in the state directory. Throws Failure. */
export async function openCertificates(
  { settings, stateDir }: Pick<RunContext, "settings" | "stateDir">,
): Promise<LiveCertificates> {
  const sources = certificateSources(settings);
  const selfSigned = !listensForTls(settings) ? undefined : await keepSelfSigned(stateDir).catch((error) => {
    throw failed(cannotUse(stateDir, error));
  });
  return await LiveCertificates.open(new CertificateFiles(sources, selfSigned), systemClock);
}

async function keepSelfSigned(stateDir: string): Promise<Certificate> {
  const path = `${stateDir}/self-signed.pem`;
  const atMs = systemClock.date().getTime();
  const before = await Deno.readTextFile(path).catch(() => "");
  const kept = readSelfSigned(before, atMs);
  if (kept !== undefined) return kept;
  const text = await makeSelfSigned(atMs);
  writeFile(path, text, "folders", "its owner");
  const made = readSelfSigned(text, atMs);
  if (made === undefined) throw new Error(`a certificate that was just made cannot be read`);
  return made;
}
