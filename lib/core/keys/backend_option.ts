import { parseIp } from "../values/names.ts";
import { nearestWord } from "../values/nearest_word.ts";
import { expected, type Parsed, parsed, quote } from "../values/notice.ts";

/** A version of HAProxy, `[major, minor]`. */
export type HaproxyVersion = readonly [major: number, minor: number];

/** Whether a version is the given one or later. */
export function isAtLeast(version: HaproxyVersion, [major, minor]: HaproxyVersion): boolean {
  return version[0] > major || (version[0] === major && version[1] >= minor);
}

/** An option as it was said, and as it is written for the HAProxy found. */
export type BackendOption = {
  /** Its name, as it was said. */
  readonly name: string;
  /** What stands after `option`; `undefined` where today's HAProxy does it always or cannot do it at all. */
  readonly written: string | undefined;
  /** A rule that stands beside it, where the option alone no longer does all that it did. */
  readonly rule: string | undefined;
  /** Why it is written in another way than said. */
  readonly translation: string | undefined;
};

type Rule = {
  /** What may follow the name; a group called `network` must be one. */
  readonly arguments?: RegExp;
  readonly since?: HaproxyVersion;
  /** Another name that does the same, from a version on. */
  readonly renamed?: {
    readonly to: string | undefined;
    readonly from: HaproxyVersion;
    readonly why: string;
    readonly rule?: string;
    /** Arguments with which it does something else. */
    readonly unless?: RegExp;
  };
};

const ALWAYS: HaproxyVersion = [0, 0];
const NONE = /^$/;

/**
 * The options that a backend may have and that are safe from a stranger (HAProxy manual, 4.2, those marked for
 * backends). `transparent`, `http_proxy` and `external-check` are left out on purpose: they let a container reach
 * addresses or programs of the host. Health checks have a key of their own.
 */
export const BACKEND_OPTIONS: Readonly<Record<string, Rule>> = {
  "abortonclose": {},
  "accept-invalid-http-response": {
    renamed: {
      to: "accept-unsafe-violations-in-http-response",
      from: [3, 2],
      why: "HAProxy 3.2 renamed it",
    },
  },
  "allbackups": {},
  "checkcache": {},
  "forceclose": {
    renamed: {
      to: "httpclose",
      from: ALWAYS,
      why: "HAProxy 2.0 dropped it; a rule beside it tells the client to close too, as forceclose did",
      rule: "http-after-response set-header Connection close",
    },
  },
  "forwardfor": {
    arguments:
      /^(?:except (?<network>\S+)(?: |$))?(?:header [A-Za-z][A-Za-z0-9-]{0,63}(?: |$))?(?:if-none)?$/,
    renamed: {
      to: undefined,
      from: ALWAYS,
      why: "every container gets X-Forwarded-For",
      unless: /header (?!x-forwarded-for\b)/i,
    },
  },
  "http-buffer-request": {},
  "http-keep-alive": {},
  "http-no-delay": {},
  "http-pretend-keepalive": {},
  "http-server-close": {},
  "http-tunnel": { renamed: { to: undefined, from: ALWAYS, why: "HAProxy 2.1 dropped it" } },
  "http-use-htx": { renamed: { to: undefined, from: ALWAYS, why: "HAProxy does it always since 2.1" } },
  "http-restrict-req-hdr-names": { arguments: /^(?:preserve|delete|reject)$/, since: [2, 6] },
  "httpclose": {},
  "independent-streams": {},
  "log-health-checks": {},
  "nolinger": {},
  "originalto": {
    arguments: /^(?:except (?<network>\S+)(?: |$))?(?:header [A-Za-z][A-Za-z0-9-]{0,63})?$/,
  },
  "persist": {},
  "prefer-last-server": {},
  "redispatch": { arguments: /^(?:-?[0-9]{1,3})?$/ },
  "splice-auto": {},
  "splice-request": {},
  "splice-response": {},
  "srvtcpka": {},
  "tcp-smart-connect": {},
  "tcpka": { renamed: { to: "srvtcpka", from: ALWAYS, why: "a backend has only the side of its servers" } },
};

const DANGEROUS: ReadonlySet<string> = new Set(["transparent", "http_proxy", "external-check"]);
const CHECKS =
  /^(?:httpchk|tcp-check|ssl-hello-chk|smtpchk|mysql-check|pgsql-check|redis-check|ldap-check|spop-check)$/;

/** Reads one of `backend_options`, each as after HAProxy's `option`. */
export function parseBackendOption(text: string, version: HaproxyVersion): Parsed<BackendOption> {
  const [name = "", ...rest] = text.trim().split(/ +/);
  const args = rest.join(" ");
  const rule = Object.hasOwn(BACKEND_OPTIONS, name) ? BACKEND_OPTIONS[name] : undefined;
  if (CHECKS.test(name)) return expected('a health check under "check" (label interlock.health_check)');
  if (DANGEROUS.has(name)) {
    return expected("an option that stays inside its own backend; this one is not for containers");
  }
  if (rule === undefined) {
    const near = nearestWord(name, Object.keys(BACKEND_OPTIONS)) ?? "http-server-close";
    return expected(`an option that HAProxy has for backends, such as ${quote(near)}`);
  }
  const match = (rule.arguments ?? NONE).exec(args);
  const network = match?.groups?.["network"];
  if (match === null || (network !== undefined && !isNetwork(network))) {
    return expected(
      rule.arguments ? `${name} with arguments of HAProxy's manual` : `${name} with nothing after it`,
    );
  }
  if (rule.since && !isAtLeast(version, rule.since)) {
    return parsed({
      name,
      written: undefined,
      rule: undefined,
      translation: `left out: HAProxy has it from ${rule.since.join(".")} on`,
    });
  }
  if (rule.renamed && isAtLeast(version, rule.renamed.from) && rule.renamed.unless?.test(args) !== true) {
    const { to, why } = rule.renamed;
    const what = to === undefined ? "left out" : `written as ${to}`;
    return parsed({ name, written: to, rule: rule.renamed.rule, translation: `${what}: ${why}` });
  }
  return parsed({
    name,
    rule: undefined,
    written: args === "" ? name : `${name} ${args}`,
    translation: undefined,
  });
}

/** An address, or one with the length of its prefix; HAProxy would refuse the whole config for a wrong one. */
function isNetwork(text: string): boolean {
  const [address = "", length = "0", ...more] = text.split("/");
  const ip = parseIp(address);
  if (!ip.ok || address.startsWith("[") || more.length > 0) return false;
  return /^[0-9]{1,3}$/.test(length) && Number(length) <= (ip.value.includes(":") ? 128 : 32);
}
