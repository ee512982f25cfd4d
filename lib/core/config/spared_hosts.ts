import type { CertificateWishes } from "../certificates/choose.ts";
import type { FoundCertificates } from "../certificates/certificate.ts";
import type { Model } from "../model/model.ts";
import { count } from "../values/count.ts";
import { type HostName, isWildcard } from "../values/names.ts";
import type { Notice } from "../values/notice.ts";

/** What is wanted for hosts, by the container that decides about each. */
export type HostWishes = { readonly wishes: CertificateWishes; readonly asking: ReadonlyMap<string, string> };

/** The same without what would change other hosts, and those that have to be told from a wildcard above them. */
export type SparedHosts = HostWishes & {
  readonly spared: readonly HostName[];
  readonly notices: readonly Notice[];
};

/** Each costs HAProxy a certificate of its own, however many hosts share one. */
const MOST_SPARED = 256;

/**
 * HAProxy shows a host that no certificate names what it has for the wildcard above, and asks its clients as it asks those of the
 * wildcard. So a host that somebody has right below one with a wish is told from it. Where there is no room for all that are older
 * than the wildcard, the wish is left out: no younger container changes the handshakes of an older one's host.
 */
export function sparedHosts(
  { deciders }: Pick<Model, "deciders">,
  { certificates }: Pick<FoundCertificates, "certificates">,
  { wishes, asking }: HostWishes,
): SparedHosts {
  const below = new Map(
    [...wishes.keys(), ...asking.keys()].filter(isAbove).map((each) => [each, new Below()]),
  );
  if (below.size === 0) return { wishes, asking, spared: [], notices: [] };
  const named = new Set(certificates.flatMap(({ names }) => names));
  const inOrder: (readonly [string, Below])[] = [];
  // The oldest come first.
  for (const host of deciders.keys()) {
    const own = below.get(host);
    if (own !== undefined) {
      own.isThere = true;
      inOrder.push([host, own]);
    }
    const above = below.get(host.replace(/^[^.]*[.]/, "*."));
    const isTold = isWildcard(host) || named.has(host) || wishes.has(host) || asking.has(host);
    if (above === undefined || isTold) continue;
    (above.isThere ? above.younger : above.older).push(host);
  }
  const spared: HostName[] = [];
  const refused = new Map<string, number>();
  for (const [wildcard, { older, younger }] of inOrder) {
    const room = MOST_SPARED - spared.length;
    if (older.length > room) refused.set(wildcard, older.length);
    else spared.push(...[...older, ...younger].slice(0, room));
  }
  if (refused.size === 0) return { wishes, asking, spared, notices: [] };
  const without = (map: ReadonlyMap<string, string>) =>
    new Map([...map].filter(([host]) => !refused.has(host)));
  const notices = [...refused].map(([wildcard, hosts]): Notice => ({
    severity: "warning",
    code: "hosts-below",
    subject: deciders.get(wildcard as HostName)?.by ?? "",
    message: asking.has(wildcard)
      ? `client_ca would ask clients of ${hosts} hosts that older containers have right below ${wildcard}; there it answers 403`
      : `ssl_cert is left out for ${wildcard}: it would be shown for ${
        count(hosts, "host")
      } that older containers have right below it`,
  }));
  return { wishes: without(wishes), asking: without(asking), spared, notices };
}

const isAbove = (host: string): boolean => host.startsWith("*.");

/** The hosts right below a wildcard, by whether they are older; `isThere` once the wildcard itself was met. */
class Below {
  readonly older: HostName[] = [];
  readonly younger: HostName[] = [];
  isThere = false;
}
