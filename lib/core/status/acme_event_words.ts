import { count } from "../values/count.ts";
import type { AcmeEvent, EventLevel } from "./event.ts";

type Of<Kind extends AcmeEvent["kind"]> = Extract<AcmeEvent, { readonly kind: Kind }>;
type Rows = {
  readonly [Kind in AcmeEvent["kind"]]: {
    readonly meaning: string;
    readonly level: EventLevel;
    readonly words: (event: Of<Kind>) => string;
    readonly fields: (event: Of<Kind>) => Readonly<Record<string, unknown>>;
  };
};

/** The rows of events about fetched certificates. */
export const ACME_EVENTS = {
  "certificate-fetched": {
    meaning: "an authority gave a certificate",
    level: "info",
    words: ({ hosts, until }) => `fetched a certificate for ${shown(hosts)}, valid until ${until}`,
    fields: ({ hosts, until, authority, tookMs }) => ({ hosts, until, authority, tookMs }),
  },
  "certificate-failed": {
    meaning: "a certificate could not be had; `why` has the authority's own words",
    level: "warn",
    words: ({ hosts, why, waitMs }) =>
      `no certificate for ${shown(hosts)}: ${why}; signalbox tries again in ${waitText(waitMs)}`,
    fields: ({ hosts, why, authority, waitMs }) => ({ hosts, why, authority, waitMs }),
  },
  "authority-failed": {
    meaning: "an authority cannot be asked for now; what is served stays",
    level: "warn",
    words: ({ authority, why, waitMs }) =>
      `cannot fetch certificates from ${authority}: ${why}; signalbox tries again in ${waitText(waitMs)}`,
    fields: ({ authority, why, waitMs }) => ({ authority, why, waitMs }),
  },
  "certificates-stuck": {
    meaning: "no certificates are fetched: the storage cannot be used",
    level: "error",
    words: ({ why }) => `cannot fetch certificates: ${why}; signalbox retries`,
    fields: ({ why }) => ({ why }),
  },
  "certificates-led": {
    meaning: "this signalbox fetches the certificates, and no other one of the same storage",
    level: "info",
    words: ({ storage }) => `this signalbox fetches the certificates of ${storage}`,
    fields: ({ storage }) => ({ storage }),
  },
} satisfies Rows;

const shown = (hosts: readonly string[]): string =>
  hosts.length <= 5
    ? hosts.join(", ")
    : `${hosts.slice(0, 4).join(", ")} and ${count(hosts.length - 4, "more host")}`;

function waitText(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 2) return count(Math.max(1, Math.round(ms / 1_000)), "second");
  return minutes < 120 ? count(minutes, "minute") : count(Math.round(minutes / 60), "hour");
}
