import type { Model } from "../model/model.ts";
import { count } from "../values/count.ts";
import { type Notice, onOneLine } from "../values/notice.ts";

/** How the fetching of certificates stands, for status. */
export type AcmeStatus = {
  /** Directories of authorities, the preferred one first. */
  readonly authorities: readonly string[];
  /** Another signalbox asks the authorities; its name is in the storage. */
  readonly leader?: string;
  /** Certificates of routed hosts. */
  readonly certificates: readonly {
    readonly names: readonly string[];
    readonly until: string;
    readonly renewsAt: string;
  }[];
  /** Hosts whose certificates are ordered now. */
  readonly asking: readonly string[];
  /** Hosts without the certificate that they should have, why, and when it is tried again. */
  readonly waiting: readonly {
    readonly hosts: readonly string[];
    readonly why: string;
    readonly until: string;
  }[];
  /** Why nothing at all can be fetched. */
  readonly trouble?: string;
};

/** Lines of certificates that have names of their own in a status. */
const MOST_LINES = 20;

/** The lines of a status for people. */
export function acmeLines(status: AcmeStatus | undefined): string[] {
  if (status === undefined) return [];
  const { certificates, asking, waiting, leader, trouble } = status;
  // An authority that is away is one trouble, however many wait for it.
  const together = [...Map.groupBy(waiting, ({ until, why }) => `${until} ${why}`).values()].flatMap(
    (all) => {
      const [first] = all;
      return first === undefined ? [] : [[first, all.flatMap(({ hosts }) => hosts)] as const];
    },
  );
  const next = certificates.map(({ renewsAt }) => renewsAt).sort()[0];
  const who = leader === undefined ? "" : `; another signalbox fetches them (${leader})`;
  return [
    `certificates: ${certificates.length} fetched${
      next === undefined ? "" : `, the next one is renewed ${next}`
    }${who}`,
    ...trouble === undefined ? [] : [`certificates: NOT FETCHED: ${trouble}`],
    ...asking.length === 0 ? [] : [`certificates: asking for ${named(asking)}`],
    ...together.slice(0, MOST_LINES).map(([first, hosts]) =>
      `certificates: none for ${named(hosts)} before ${first.until}: ${first.why}`
    ),
    ...together.length > MOST_LINES
      ? [`certificates: and ${together.length - MOST_LINES} more without one`]
      : [],
  ];
}

/** What the containers of a model should know of certificates that their hosts lack. */
export function certificateNotices({ routes }: Model, acme: AcmeStatus | undefined): Notice[] {
  const reasons = new Map(
    (acme?.waiting ?? []).flatMap(({ hosts, why, until }) =>
      hosts.map((host) => [host, { why, until }] as const)
    ),
  );
  const told = new Map<string, Notice>();
  for (const { host, by } of reasons.size === 0 ? [] : routes) {
    const reason = reasons.get(host);
    if (reason === undefined) continue;
    const message = onOneLine(`no certificate for ${host} before ${reason.until}: ${reason.why}`);
    told.set(`${by} ${host}`, { severity: "info", code: "no-certificate", subject: by, message });
  }
  return [...told.values()];
}

const named = (hosts: readonly string[]): string =>
  hosts.length <= 5
    ? hosts.join(", ")
    : `${hosts.slice(0, 4).join(", ")} and ${count(hosts.length - 4, "more host")}`;
