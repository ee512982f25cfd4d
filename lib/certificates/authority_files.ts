import { createHash } from "node:crypto";
import { type Authority, type AuthorityUse, MOST_AUTHORITIES } from "../core/certificates/authority.ts";
import { isCertificate, isHalf, pemBlocks, pemBytes } from "../core/certificates/pem.ts";
import { subjectName } from "../core/certificates/subject_name.ts";
import { parseFileName } from "../core/keys/tls_keys.ts";
import { messageOf } from "../core/values/message_of.ts";
import type { Notice } from "../core/values/notice.ts";
import { type GivenFile, readGiven } from "./given_files.ts";

/** What a folder of authorities holds. */
export type ReadAuthorities = {
  readonly authorities: readonly Authority[];
  readonly notices: readonly Notice[];
};

/**
 * Reads the authorities of a folder, or of one file: each file may hold several. One that was good and cannot be read now
 * stays as it was in `last`; one whose file is gone goes. Throws where the folder cannot be read.
 */
export async function readAuthorities(
  path: string,
  use: AuthorityUse,
  last: readonly Authority[],
): Promise<ReadAuthorities> {
  const [group] = await readGiven(path);
  const authorities: Authority[] = [];
  const notices: Notice[] = [];
  const keep = (path: string, why: string) => {
    const before = last.find((each) => each.path === path);
    if (before !== undefined) authorities.push(before);
    const kept = before === undefined ? "" : "; what it held before is";
    const message = `it is not used: ${why}${kept}`;
    notices.push({ severity: "warning", code: "authority-unusable", subject: path, message });
  };
  for (const { path, why } of group?.unread ?? []) keep(path, why);
  for (const file of group?.files ?? []) {
    try {
      authorities.push(authorityOf(file, use));
    } catch (error) {
      keep(file.path, messageOf(error));
    }
  }
  return { authorities, notices };
}

function authorityOf({ name, path, text }: GivenFile, use: AuthorityUse): Authority {
  const called = parseFileName(name);
  if (!called.ok) throw new Error(`no container can name it: expected ${called.expected}`);
  const blocks = pemBlocks(text);
  if (isHalf(text, blocks)) throw new Error("it ends in the middle of a certificate");
  const certificates = blocks.filter(isCertificate);
  if (certificates.length === 0) throw new Error("it holds no certificate");
  if (certificates.length > MOST_AUTHORITIES) {
    throw new Error(`it holds ${certificates.length} certificates, expected at most ${MOST_AUTHORITIES}`);
  }
  const ders = certificates.map(pemBytes);
  const pem = certificates.map(({ text }) => text).join("");
  const sha1 = ders.map((der) => createHash("sha1").update(der).digest("hex").toUpperCase());
  return {
    use,
    path,
    name,
    pem,
    content: createHash("sha256").update(pem).digest("hex"),
    fingerprint: [...new Set(sha1)].sort().join(),
    nameHashes: [...new Set(ders.map((der) => createHash("sha256").update(subjectName(der)).digest("hex")))],
  };
}
