import { readBoolean } from "./key_kind.ts";
import type { RouteKey } from "./route_key.ts";
import { expected, type Parsed, parsed } from "../values/notice.ts";

/**
 * Whether certificates are fetched for a route's hosts. `isAnswered` where the container answers authorities by itself: it has
 * the root of the host, so that nobody proves by a path of their own that the host is theirs.
 */
export type AcmeWish = { readonly isWanted: boolean; readonly isAnswered?: boolean };

/** Certificates that signalbox fetches by itself. */
export const ACME_KEYS = {
  acme: {
    label: "acme",
    kind: "text",
    scope: "route",
    streams: "ended",
    // Where there is no such flag, HAProxy answers the authority by itself.
    flag: "ownacme",
    isFlagged: ({ isAnswered }: AcmeWish) => isAnswered === true,
    costs: "key",
    otherNames: ["letsencrypt", "lets_encrypt", "letsencrypt_host", "certresolver", "auto_https"],
    meaning:
      "`true`: fetch a certificate for its hosts, also with `--acme opt-in`; `false`: do not, and let the container answer the authority",
    parse: parseAcmeWish,
  },
} as const satisfies Readonly<Record<string, RouteKey>>;

/** Reads `acme`. */
export function parseAcmeWish(text: string): Parsed<AcmeWish> {
  const isWanted = text.trim() === "" ? true : readBoolean(text);
  return isWanted === undefined ? expected("true or false") : parsed({ isWanted });
}
