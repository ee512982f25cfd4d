/** What an authority says is wrong (RFC 7807; RFC 8555, 6.7), with its answer's status. */
export type Problem = {
  readonly status: number;
  /** Without its `urn:ietf:params:acme:error:` in front. */
  readonly type: string;
  readonly detail: string;
  /** What is wrong with single names. */
  readonly hosts: Readonly<Record<string, string>>;
};

const PREFIX = "urn:ietf:params:acme:error:";

/** Reads a problem from the body of an answer; `host` is the one that it is about, where that is known. */
export function problemOf(status: number, body: unknown, host?: string): Problem {
  const { type, detail, title, subproblems } = objectOf(body);
  const words = oneLine(detail ?? title ?? `status ${status}`);
  const hosts: Record<string, string> = host === undefined ? {} : { [host]: words };
  for (const one of Array.isArray(subproblems) ? subproblems : []) {
    const { identifier, detail } = objectOf(one);
    const { value } = objectOf(identifier);
    if (typeof value === "string") hosts[value] = oneLine(detail ?? words);
  }
  return { status, type: oneLine(type ?? "").replace(PREFIX, ""), detail: words, hosts };
}

/** Problems that are not the fault of the names in an order. */
const AUTHORITYS: ReadonlySet<string> = new Set(
  ["rateLimited", "serverInternal", "badNonce", "externalAccountRequired", "userActionRequired"]
    .concat(
      "accountDoesNotExist",
      "badSignatureAlgorithm",
      "badPublicKey",
      "invalidContact",
      "unsupportedContact",
    ),
);

/** Whether the account was deactivated or revoked: no order of its key is taken any more (RFC 8555, 7.3.6). */
export const isAccountClosed = ({ type, detail }: Problem): boolean =>
  type === "unauthorized" && /account/i.test(detail) && /deactivated|revoked|not valid/i.test(detail);

/** Whether the names of an order are at fault, and not the authority or our account there. */
export const isOfHosts = (problem: Problem): boolean => !isAccountClosed(problem) && areNamesAtFault(problem);

const areNamesAtFault = ({ status, type, hosts }: Problem): boolean =>
  Object.keys(hosts).length > 0 || status < 500 && status !== 429 && !AUTHORITYS.has(type) && type !== "";

/** An authority's own words as one line of at most 500 letters. */
const oneLine = (value: unknown): string =>
  // deno-lint-ignore no-control-regex
  String(value).replace(/[\x00-\x1f\x7f\u0085\u2028\u2029]+/g, " ").slice(0, 500);

const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
