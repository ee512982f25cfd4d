import type { Authority, AuthorityUse } from "../core/certificates/authority.ts";
import type { Certificate, FoundCertificates } from "../core/certificates/certificate.ts";
import type { CertificateSource } from "../core/certificates/source.ts";
import { messageOf } from "../core/values/message_of.ts";
import type { Notice } from "../core/values/notice.ts";
import { type ReadAuthorities, readAuthorities } from "./authority_files.ts";
import { readGiven } from "./given_files.ts";
import { readGroup } from "./read_group.ts";

/** The code of the notice that a file or folder cannot be read at all. */
export const UNREAD = "certificate-unread";

/** Ignored files that a notice lists. */
const MOST_LISTED = 5;

/** What a source said last. */
type Last = { readonly certificates: readonly Certificate[] };

/** For whom the authorities of a source are. */
const USES: { readonly [O in CertificateSource["origin"]]?: AuthorityUse } = {
  "client-ca": "clients",
  "backend-ca": "servers",
};

/**
 * Reads the certificates of files and folders again and again. What was a certificate and cannot be read now, since somebody
 * writes it or has broken it, stays as it was; one whose file is gone goes.
 */
export class CertificateFiles {
  readonly #last = new Map<CertificateSource, Last>();
  readonly #lastAuthorities = new Map<CertificateSource, readonly Authority[]>();

  constructor(
    readonly sources: readonly CertificateSource[],
    readonly selfSigned: Certificate | undefined,
  ) {}

  /** What there is now. */
  async read(atMs: number): Promise<FoundCertificates> {
    const certificates: Certificate[] = [];
    const forServers: Certificate[] = [];
    const authorities: Authority[] = [];
    const notices: Notice[] = [];
    for (const source of this.sources) {
      const use = USES[source.origin];
      const read = use === undefined
        ? await this.#readSource(source)
        : await this.#readAuthorities(source, use);
      if ("authorities" in read) authorities.push(...read.authorities);
      else (source.origin === "backend-cert" ? forServers : certificates).push(...read.certificates);
      notices.push(...read.notices);
    }
    return { certificates, selfSigned: this.selfSigned, authorities, forServers, notices, atMs };
  }

  async #readAuthorities(source: CertificateSource, use: AuthorityUse): Promise<ReadAuthorities> {
    const last = this.#lastAuthorities.get(source) ?? [];
    try {
      const read = await readAuthorities(source.path, use, last);
      this.#lastAuthorities.set(source, read.authorities);
      return read;
    } catch (error) {
      return { authorities: last, notices: [unreadNotice(source, error, last.length)] };
    }
  }

  async #readSource(
    source: CertificateSource,
  ): Promise<{ readonly certificates: readonly Certificate[]; readonly notices: readonly Notice[] }> {
    const last = this.#last.get(source)?.certificates ?? [];
    try {
      const readings = (await readGiven(source.path)).map((group) =>
        readGroup(group, source.origin === "acme" ? "acme" : "file")
      );
      const fresh = readings.flatMap(({ certificates }) => certificates);
      const empty = readings.flatMap(({ ignored }) => ignored);
      // A file that was one, or that is named itself, is more than a stray one.
      const isMeant = (path: string) => path === source.path || last.some(isAt(path));
      const none = empty.filter(isMeant).map((path) => ({ path, why: "it holds no certificate" }));
      const broken = [...readings.flatMap(({ broken }) => broken), ...none];
      const kept = last.filter((before) => isBroken(before, broken) && !fresh.some(isAt(before.path)));
      const all = kept.length === 0 ? fresh : [...fresh, ...kept].sort(inOrderOf(last));
      this.#last.set(source, { certificates: all });
      const ignored = empty.filter((path) => !isMeant(path));
      return {
        certificates: all,
        notices: [...brokenNotices(broken, kept), ...ignoredNotice(source, ignored)],
      };
    } catch (error) {
      // Nothing was fetched yet.
      if (source.origin === "acme" && error instanceof Deno.errors.NotFound && last.length === 0) {
        return { certificates: [], notices: [] };
      }
      return { certificates: last, notices: [unreadNotice(source, error, last.length)] };
    }
  }
}

function unreadNotice({ path }: CertificateSource, error: unknown, kept: number): Notice {
  const stay = kept === 0 ? "" : "; the certificates that were read before stay";
  const message = `it cannot be read: ${messageOf(error)}${stay}`;
  return { severity: "warning", code: UNREAD, subject: path, message };
}

type Broken = { readonly path: string; readonly why: string };

const isAt = (path: string) => (certificate: Certificate): boolean => certificate.path === path;

const isBroken = ({ path, keyPath }: Certificate, broken: readonly Broken[]): boolean =>
  broken.some((each) => each.path === path || each.path === keyPath || path.startsWith(`${each.path}/`));

/** The order of before, so that the default stays the default. */
const inOrderOf = (last: readonly Certificate[]) => (a: Certificate, b: Certificate): number => {
  const [at, bt] = [last.findIndex(isAt(a.path)), last.findIndex(isAt(b.path))];
  return at >= 0 && bt >= 0 ? at - bt : a.path < b.path ? -1 : 1;
};

function brokenNotices(broken: readonly Broken[], kept: readonly Certificate[]): Notice[] {
  return broken.map(({ path, why }) => {
    const isKept = kept.some((certificate) => isBroken(certificate, [{ path, why }]));
    const message = `it is not used: ${why}${isKept ? "; what it held before is" : ""}`;
    return { severity: "warning", code: "certificate-unusable", subject: path, message };
  });
}

function ignoredNotice({ path }: CertificateSource, ignored: readonly string[]): Notice[] {
  if (ignored.length === 0) return [];
  const names = ignored.map((each) => each.slice(path.replace(/\/+$/, "").length + 1));
  const more = names.length > MOST_LISTED ? ` and ${names.length - MOST_LISTED} more` : "";
  const message = `${names.slice(0, MOST_LISTED).join(", ")}${more} ${
    names.length === 1 ? "holds no certificate and is" : "hold no certificate and are"
  } left out`;
  return [{ severity: "info", code: "no-certificate", subject: path, message }];
}
