import { allowRows, denyRows, formatSources, MOST_SOURCES, parseSources, splitDenied } from "./access.ts";
import { remarkOnHostBits } from "./host_bits.ts";
import type { RouteKey } from "./route_key.ts";

/** Which clients may come in, by their addresses. */
export const ACCESS_KEYS = {
  allow_from: {
    label: "allow_from",
    kind: "string[]",
    scope: "route",
    streams: "tcp",
    flag: "access",
    rows: allowRows,
    // Each is a word of another container: a longer network would open what that one refuses.
    yields: [{ to: "deny_from", of: "others", split: splitDenied }],
    most: MOST_SOURCES,
    costs: "route",
    isGuard: true,
    otherNames: [
      ...["allow", "allow_list", "allowlist", "allow_ip", "whitelist", "ip_whitelist", "ip_allow_list"],
      ...["allow_networks", "allowed_ips", "source_range", "whitelist_source_range", "network_access"],
    ],
    meaning: "let in only clients of these addresses and networks, or `internal`; others get 403",
    parse: parseSources,
    shown: formatSources,
    remarkOn: remarkOnHostBits,
  },
  deny_from: {
    label: "deny_from",
    kind: "string[]",
    scope: "route",
    streams: "tcp",
    flag: "access",
    rows: denyRows,
    most: MOST_SOURCES,
    costs: "route",
    isGuard: true,
    otherNames: [
      "deny",
      "deny_list",
      "denylist",
      "deny_ip",
      "blacklist",
      "ip_blacklist",
      "blocklist",
      "block_from",
    ],
    meaning: "refuse clients of these addresses and networks, or `internal`, with 403",
    parse: parseSources,
    shown: formatSources,
    remarkOn: remarkOnHostBits,
  },
} as const satisfies Readonly<Record<string, RouteKey>>;
