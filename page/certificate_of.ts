/// <reference lib="dom" />
import type { CertificateStatus } from "../lib/core/status/certificate_status.ts";
import type { LiveState } from "../lib/core/status/live_state.ts";

/** A certificate that expires in fewer days is one to look after: authorities give them for 90, and signalbox renews sooner. */
export const SOON_DAYS = 14;

/** Each list of certificates by host, for as long as it is there: thousands of rows ask for theirs. */
const known = new WeakMap<readonly CertificateStatus[], ReadonlyMap<string, CertificateStatus>>();

/** The certificate that clients of a host get; `undefined` where none is for it. */
export function certificateOf({ facts }: LiveState, host: string): CertificateStatus | undefined {
  const certificates = facts?.certificates;
  if (certificates === undefined) return undefined;
  let byHost = known.get(certificates);
  if (byHost === undefined) {
    byHost = new Map(
      certificates.flatMap((each) => each.hosts.map((name) => [name, each] as const)).reverse(),
    );
    known.set(certificates, byHost);
  }
  return byHost.get(host) ?? byHost.get(host.replace(/^[^.]+/, "*"));
}
