import { createHash } from "node:crypto";
import type { CertificateFile, CertificateSet } from "../../core/certificates/choose.ts";
import { isOfAuthorities } from "../../core/certificates/named_file.ts";
import { isCertificate, pemBlocks, pemBytes } from "../../core/certificates/pem.ts";
import type { RemainingCertificates } from "../../core/plan/read_back.ts";
import { lookQuietly, removeQuietly } from "./quietly.ts";

/** The folder of the certificates beside haproxy.cfg, as certs.list names it. */
export const CERTIFICATE_FOLDER = "certs.d";

/**
 * Sets of certificates, each in a folder of its own below `certificates` that never changes. A generation has a link to its
 * set, so that HAProxy loads what was chosen for it, whatever became of the files that it was read from.
 */
export class CertificateFolders {
  readonly #folder: string;

  constructor(readonly stateDir: string) {
    this.#folder = `${stateDir}/certificates`;
  }

  /** Writes a set, unless it is there, and answers where a generation's link leads. Synchronous, as generations are. */
  write(set: CertificateSet): string {
    const folder = `${this.#folder}/${set.key}`;
    if (lookQuietly(folder)?.isDirectory !== true) {
      const unfinished = `${folder}.new`;
      removeQuietly(unfinished);
      Deno.mkdirSync(unfinished, { recursive: true, mode: 0o700 });
      try {
        fillCertificates(unfinished, set);
        Deno.renameSync(unfinished, folder);
      } catch (error) {
        removeQuietly(unfinished);
        throw error;
      }
    }
    return `../../certificates/${set.key}`;
  }

  /** Removes the sets that none of the generations has. Synchronous, so that no set is in the making. */
  prune(generations: readonly string[]): void {
    const used = new Set(generations.map((folder) => setOf(folder)));
    for (const name of namesIn(this.#folder)) {
      if (!used.has(name)) removeQuietly(`${this.#folder}/${name}`);
    }
  }
}

/** The key of the set that a generation has; `undefined` for none. */
function setOf(generation: string): string | undefined {
  try {
    return Deno.readLinkSync(`${generation}/${CERTIFICATE_FOLDER}`).split("/").at(-1);
  } catch {
    return undefined;
  }
}

/** What the certificates of a generation are, by their files as certs.list names them. */
export function certificatesIn(generation: string): RemainingCertificates {
  const found = new Map<CertificateFile, { content: string; fingerprint: string }>();
  for (const name of namesIn(`${generation}/${CERTIFICATE_FOLDER}`)) {
    const text = Deno.readTextFileSync(`${generation}/${CERTIFICATE_FOLDER}/${name}`);
    const leaf = pemBlocks(text).find(isCertificate);
    if (leaf === undefined) continue;
    const file = `${CERTIFICATE_FOLDER}/${name}`;
    const shown = isOfAuthorities(file) ? pemBlocks(text).filter(isCertificate) : [leaf];
    const sha1 = shown.map((block) => createHash("sha1").update(pemBytes(block)).digest("hex").toUpperCase());
    found.set(file, {
      content: createHash("sha256").update(text).digest("hex"),
      fingerprint: [...new Set(sha1)].sort().join(),
    });
  }
  return found;
}

/** Writes the files of a set into a folder that is ours alone. */
export function fillCertificates(folder: string, { rows, named = [] }: CertificateSet): void {
  for (
    const { file, pem } of [...rows.map(({ file, certificate }) => ({ file, ...certificate })), ...named]
  ) {
    if (pem === undefined) continue;
    const name = file.slice(CERTIFICATE_FOLDER.length + 1);
    Deno.writeTextFileSync(`${folder}/${name}`, pem.reveal(), { mode: 0o600 });
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch {
    return [];
  }
}
