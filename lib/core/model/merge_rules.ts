import type { AcmeWish } from "../keys/acme_keys.ts";
import type { BackendOption } from "../keys/backend_option.ts";
import type { Balance } from "../keys/balance.ts";
import type { KeyOf, OptionOf, ValueOf } from "../keys/route_data.ts";
import type { PrefixTarget } from "../keys/strip.ts";
import type { Complaint } from "../values/complaints.ts";
import { canonicalHosts, isPattern, MOST_PATTERNS, type PatternRedirect } from "../keys/redirect.ts";
import type { HostName, PathPrefix } from "../values/names.ts";
import { cookieAt } from "../keys/sticky_cookie.ts";
import type { ErrorPages } from "./error_pages.ts";
import { MESSAGE_RULES } from "./message_rules.ts";

/** A key that the containers of one host and path must agree on. */
export type SharedKey = KeyOf<"backend" | "route">;

/** What a rule goes by, beside the value of its key. */
export type Given = {
  /** The backend's own host. */
  readonly host: HostName;
  /** The paths that it serves, its own one first. */
  readonly paths: readonly PathPrefix[];
  /** How requests are spread where no container says it. */
  readonly balance: string;
  readonly hasTls: boolean;
  /** Pages that a route may choose among. */
  readonly errorPages: ErrorPages | undefined;
  /** Plain HTTP is redirected where no container says otherwise. */
  readonly redirectsToTls: boolean;
};

/** Tells the container that decided a key. */
export type Tell = (key: SharedKey, complaint: Complaint) => void;

/** Several paths have this one in common. */
const NO_PATH = "" as PathPrefix;

type Rule<K extends SharedKey> = (said: ValueOf<K> | undefined, given: Given, tell: Tell) => unknown;

/** Rules of some keys. */
export type Rules = { [K in SharedKey]?: Rule<K> };

/** The keys that need more than that the oldest container decides: what comes of the value that it said. */
export const MERGE_RULES = {
  balance_algorithm: (said, { balance }): Balance => said ?? balance,
  backend_options: (said = [], _given, tell) => writtenOptions(said, tell),
  /** `setting` where the setting says it, and no container. */
  ssl_only: (said, { hasTls, redirectsToTls }, tell): boolean | "setting" => {
    if (said === true && !hasTls) {
      const message =
        "ssl_only has no effect: there is no TLS listener, expected --tls-cert, or --trusted-proxies with TLS";
      tell("ssl_only", { severity: "warning", code: "no-tls", message });
    }
    if (said === undefined && redirectsToTls && hasTls) return "setting";
    return said === true && hasTls;
  },
  /** Those of patterns: a redirect of a host or a path is a route of its own. */
  redirects: (said = [], _given, tell): readonly PatternRedirect[] | undefined => {
    const patterns = said.filter(isPattern);
    if (patterns.length > MOST_PATTERNS) {
      const message =
        `redirects: the containers of its host have ${patterns.length} patterns in all, expected at most ${MOST_PATTERNS}; those of the youngest are left out`;
      tell("redirects", { severity: "warning", code: "too-many", message });
    }
    return patterns.length === 0 ? undefined : patterns.slice(0, MOST_PATTERNS);
  },
  canonical_host: (said, { host }): HostName | undefined =>
    said === undefined ? undefined : canonicalHosts(host, said)[0],
  acme: (said, { paths }): AcmeWish | undefined =>
    said === undefined ? undefined : { ...said, isAnswered: !said.isWanted && paths.includes(NO_PATH) },
  ...MESSAGE_RULES,
  sticky_session_cookie: (said, { paths }): string | undefined =>
    said === undefined ? undefined : cookieAt(said, paths.length === 1 ? paths[0] ?? NO_PATH : NO_PATH),
  /** The paths that are taken off. */
  context_root_rewrite: (said, { paths }): readonly PathPrefix[] | undefined => {
    const prefixes = paths.filter((path) => path !== "");
    return said === true && prefixes.length > 0 ? prefixes : undefined;
  },
  context_root_target: (said, { paths }): PrefixTarget | undefined =>
    said === undefined ? undefined : { prefixes: paths, target: said },
} satisfies Rules;

/** What the words of a backend's containers come to, for the keys of a scope. */
export type MergedOptions<S extends "backend" | "route"> = {
  readonly [K in KeyOf<S>]: K extends keyof typeof MERGE_RULES ? ReturnType<typeof MERGE_RULES[K]>
    : OptionOf<K>;
};

/** HAProxy's options as they are written for it. */
type WrittenOptions = {
  /** Each as after `option`, in the order in which they were said: of those that exclude each other, HAProxy takes the last. */
  readonly lines: readonly string[];
  /** Rules that stand beside translated options, sorted. */
  readonly rules: readonly string[];
};

function writtenOptions(options: readonly BackendOption[], tell: Tell): WrittenOptions {
  for (const { name, translation } of options) {
    if (translation === undefined) continue;
    const message = `backend option ${name} is ${translation}`;
    tell("backend_options", { severity: "info", code: "translated", message });
  }
  return {
    lines: [...new Set(options.flatMap(({ written }) => written ?? []))],
    rules: [...new Set(options.flatMap(({ rule }) => rule ?? []))].sort(),
  };
}
