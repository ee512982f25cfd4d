import type { Notice } from "../values/notice.ts";
import { certificateNamed, type CertificateWishes } from "./choose.ts";
import type { Certificate, FoundCertificates } from "./certificate.ts";

const DAY_MS = 86_400_000;
/** How long before its end a certificate gets a notice; of one that lasts for days only, a third of its life. */
const SOON_MS = 14 * DAY_MS;
/** Notices about certificates of one kind, and hosts that one of them names. */
const MOST_TOLD = 10;
const MOST_HOSTS = 5;

/** What a user should know of the certificates, with regard to the hosts that are routed; without a date, each day says the same. */
export function certificateNotices(
  { certificates, atMs }: FoundCertificates,
  hosts: readonly string[],
  /** Whether hosts get a certificate that was fetched for them: what fetches it tells of it. */
  isFetching: boolean,
  wishes: CertificateWishes = new Map(),
): Notice[] {
  const times = certificates.flatMap((each) => timeNotice(each, atMs) ?? []);
  if (certificates.length === 0 || hosts.length === 0) return times;
  const wished = new Set([...new Set(wishes.values())].map((name) => certificateNamed(certificates, name)));
  const unused = certificates.filter((each) =>
    each.origin === "file" && !wished.has(each) && !hosts.some((host) => covers(each.names, host))
  );
  const all = new Set(certificates.flatMap(({ names }) => names));
  const bare = isFetching ? [] : hosts.filter((host) => !wishes.has(host) && !covers(all, host));
  return [...times, ...unused.slice(0, MOST_TOLD).map(unusedNotice), ...bareNotice(bare)];
}

function timeNotice({ path, origin, validFrom, validTo }: Certificate, atMs: number): Notice | undefined {
  const warning = { severity: "warning", code: "certificate-time", subject: path } as const;
  if (validTo <= atMs) return { ...warning, message: `it expired on ${dayOf(validTo)}: clients refuse it` };
  if (validFrom > atMs) {
    return { ...warning, message: `it is valid from ${dayOf(validFrom)} on: clients refuse it until then` };
  }
  const isSoon = validTo - atMs <= Math.min(SOON_MS, (validTo - validFrom) / 3);
  return isSoon && origin === "file"
    ? { ...warning, message: `it expires on ${dayOf(validTo)}: put a new one in its place` }
    : undefined;
}

const dayOf = (ms: number): string => new Date(ms).toISOString().replace(/T(..:..).*$/, " at $1 UTC");

const unusedNotice = ({ path, names }: Certificate): Notice => ({
  severity: "info",
  code: "certificate-unused",
  subject: path,
  message: names.length === 0
    ? "it is for no host by its name"
    : `it is for ${listed(names)}, and no such host is routed`,
});

function bareNotice(hosts: readonly string[]): Notice[] {
  if (hosts.length === 0) return [];
  const are = hosts.length === 1
    ? "has no certificate: clients of it"
    : "have no certificate: clients of them";
  const message = `${listed(hosts)} ${are} are shown the default one`;
  return [{ severity: "info", code: "no-certificate-for-host", subject: "--tls-cert", message }];
}

const listed = (texts: readonly string[]): string =>
  texts.slice(0, MOST_HOSTS).join(", ") +
  (texts.length > MOST_HOSTS ? ` and ${texts.length - MOST_HOSTS} more` : "");

/** Whether names of certificates are for a host; `*` stands for one label (RFC 6125, 6.4.3). */
export function covers(names: Iterable<string>, host: string): boolean {
  const known = names instanceof Set ? names : new Set(names);
  return known.has(host) || known.has(host.replace(/^[^.]*\./, "*."));
}
