import { TimeLimit } from "../clock.ts";
import { requestInfo, signedRequest } from "../core/acme/der.ts";
import type { OrderFailure } from "../core/acme/failures.ts";
import { isAccountClosed, isOfHosts, type Problem, problemOf } from "../core/acme/problem.ts";
import type { Order } from "../core/acme/schedule.ts";
import { messageOf } from "../core/values/message_of.ts";
import type { Clock } from "../ports.ts";
import { makeKey, sign } from "./account_key.ts";
import type { Authority } from "./authority.ts";
import { encodeBase64Url } from "./base64url.ts";
import { AcmeProblem, type Answer, AuthorityAway } from "./exchange.ts";

/** How long an order may take in all, in milliseconds. */
const ORDER_LIMIT_MS = 300_000;
/** The same where records of the DNS have to be set and seen, those of a zone one after the other. */
const DNS_ORDER_LIMIT_MS = 3_600_000;
/** How long to wait before each look at an order, in milliseconds; the last one again and again. */
const POLLS_MS = [100, 200, 400, 800, 1_500, 3_000, 5_000];
/** The longest that an authority may have us wait in the middle of an order, in milliseconds. */
const LONGEST_POLL_MS = 60_000;

/** An order that came to nothing. */
export class OrderFailed extends Error {
  override readonly name = "OrderFailed";

  constructor(readonly failure: OrderFailure, cause?: unknown) {
    super(failure.why, { cause });
  }
}

/** Proves to an authority that a host is ours in another way than by HTTP. */
export type Proof = {
  readonly kind: "dns-01" | "tls-alpn-01";
  /** The proofs of two hosts have nothing in common: each is taken away as soon as it was seen. */
  readonly areApart: boolean;
  /** Makes the proof public; what it resolves to takes it away again. */
  readonly present: (
    host: string,
    keyAuthorization: string,
    signal: AbortSignal,
  ) => Promise<() => Promise<void>>;
};

/** What an order is done with. */
export type OrderParts = {
  readonly authority: Authority;
  readonly thumbprint: string;
  readonly clock: Clock;
  /** HAProxy answers by HTTP where there is none. */
  readonly proof: Proof | undefined;
  /** The kind of certificates to ask for, where the authority has several. */
  readonly profile?: string | undefined;
};

/** Gets a certificate: its key and its chain as one PEM. Throws OrderFailed. */
export async function fetchCertificate(
  order: Order,
  parts: OrderParts,
  stopping: AbortSignal,
): Promise<string> {
  const limitMs = parts.proof?.kind === "dns-01" ? DNS_ORDER_LIMIT_MS : ORDER_LIMIT_MS;
  using limit = new TimeLimit(
    parts.clock,
    limitMs,
    () => new AuthorityAway(`no certificate in ${limitMs / 1_000} s`),
  );
  const signal = AbortSignal.any([stopping, limit.signal]);
  try {
    const { answer, url } = await begin(order, parts, signal);
    const addresses = listOf(answer.json["authorizations"]);
    if (addresses.length > order.hosts.length) {
      throw new AuthorityAway(
        `the authority wants ${addresses.length} proofs for an order of ${order.hosts.length} hosts`,
      );
    }
    await prove(order, addresses, parts, signal);
    const key = await makeKey();
    const finished = await finish(url, answer, await requestOf(key.pair, order.hosts), parts, signal);
    const address = String(finished.json["certificate"]);
    const { text } = await parts.authority.exchange.post(address, undefined, { what: "fetching it", signal });
    if (!text.includes("-----BEGIN CERTIFICATE-----")) {
      throw new AuthorityAway("what the authority gave is no certificate");
    }
    return `${text.trimEnd()}\n${key.pem}`;
  } catch (error) {
    stopping.throwIfAborted();
    if (error instanceof OrderFailed) throw error;
    throw new OrderFailed(failureOf(error, order.hosts), error);
  }
}

async function begin(
  { hosts, replaces }: Order,
  { authority, profile }: OrderParts,
  signal: AbortSignal,
): Promise<{ readonly answer: Answer; readonly url: string }> {
  const { newOrder, renewalInfo, profiles } = await authority.directory(signal);
  // One that stands in for another may have one kind alone.
  if (profile !== undefined && profiles.length > 0 && !profiles.includes(profile)) {
    const known = profiles.slice(0, 10).map((name) => name.slice(0, 64)).join(", ");
    throw new AuthorityAway(`${authority.url} has no profile ${profile}, expected one of ${known}`);
  }
  const plain = {
    identifiers: hosts.map((value) => ({ type: "dns", value })),
    ...profile !== undefined && profiles.length > 0 && { profile },
  };
  const what = `ordering a certificate for ${hosts.join(", ")}`;
  const ask = (payload: unknown) => authority.exchange.post(newOrder, payload, { what, signal });
  const isReplacing = replaces !== undefined && renewalInfo !== undefined;
  const answer = await ask(isReplacing ? { ...plain, replaces } : plain).catch((error) => {
    // It was replaced before, or is not known there any more (RFC 9773, 5).
    const isAnswer = error instanceof AcmeProblem && error.problem.status < 500 &&
      error.problem.status !== 429;
    if (isReplacing && isAnswer && Object.keys(error.problem.hosts).length === 0) return ask(plain);
    throw error;
  });
  if (answer.location === undefined) {
    throw new AuthorityAway("the authority does not say which order is ours");
  }
  return { answer, url: answer.location };
}

/** Has all authorizations of an order prove that its hosts are ours. Throws OrderFailed with each host that is not. */
async function prove(
  order: Order,
  addresses: readonly string[],
  parts: OrderParts,
  signal: AbortSignal,
): Promise<void> {
  const problems: Problem[] = [];
  let retryAfterMs: number | undefined;
  const cleanUps: (() => Promise<void>)[] = [];
  const all = addresses.map(async (address) => {
    const own: (() => Promise<void>)[] = parts.proof?.areApart === true ? [] : cleanUps;
    try {
      await proveOne(address, order.hosts, parts, signal, (cleanUp) => own.push(cleanUp));
    } catch (error) {
      if (!(error instanceof AcmeProblem) || !isOfHosts(error.problem)) throw error;
      problems.push(error.problem);
      retryAfterMs = error.retryAfterMs ?? retryAfterMs;
    } finally {
      if (own !== cleanUps) { for (const cleanUp of own) await cleanUp(); }
    }
  });
  const ended = await Promise.allSettled(all);
  // Two hosts may have records of one name: none goes before both were seen.
  for (const cleanUp of cleanUps) await cleanUp();
  const broken = ended.find((one) => one.status === "rejected");
  if (broken !== undefined) throw broken.reason;
  if (problems.length === 0) return;
  const hosts = Object.assign({}, ...problems.map((problem) => problem.hosts)) as Record<string, string>;
  const own = Object.keys(hosts).length > 0 ? hosts : everyHost(order.hosts, problems[0]?.detail ?? "");
  throw new OrderFailed({ fault: "host", hosts: own, why: wordsOf(own), retryAfterMs });
}

async function proveOne(
  address: string,
  hosts: readonly string[],
  { authority, thumbprint, clock, proof }: OrderParts,
  signal: AbortSignal,
  onProof: (cleanUp: () => Promise<void>) => void,
): Promise<void> {
  const { exchange } = authority;
  const ask = (what: string) => exchange.post(address, undefined, { what, signal });
  const first = await ask("reading what it wants to see");
  if (first.json["status"] === "valid") return;
  const name = objectOf(first.json["identifier"])["value"];
  const host = `${first.json["wildcard"] === true ? "*." : ""}${name}`.toLowerCase();
  // Records of the DNS are set for what was ordered alone.
  if (!hosts.includes(host) && !hosts.includes(`*.${host}`)) {
    throw new AuthorityAway("the authority wants a proof for a host that was not ordered");
  }
  const kind = proof?.kind ?? "http-01";
  const challenge = listOf<unknown>(first.json["challenges"]).map(objectOf).find(({ type }) => type === kind);
  if (challenge === undefined) {
    throw new AcmeProblem(
      problemOf(400, { type: "unsupported", detail: `there is no ${kind} for it` }, host),
      undefined,
      host,
    );
  }
  const expected = `${challenge["token"]}.${thumbprint}`;
  const cleanUp = await proof?.present(host, expected, signal).catch((error) => {
    signal.throwIfAborted();
    throw new AcmeProblem(
      problemOf(400, { type: kind === "dns-01" ? "dns" : "tls", detail: messageOf(error) }, host),
      undefined,
      host,
    );
  });
  if (cleanUp !== undefined) onProof(cleanUp);
  const saying = { what: `saying that ${host} is ready`, host, signal };
  await exchange.post(String(challenge["url"]), {}, saying);
  const done = await poll(
    () => ask(`waiting for ${host}`),
    clock,
    signal,
    ({ status }) => status !== "pending",
  );
  if (done.json["status"] === "valid") return;
  const failed = listOf<unknown>(done.json["challenges"]).map(objectOf).find(({ error }) =>
    error !== undefined
  );
  const error = failed?.["error"] ?? { type: "unauthorized", detail: `it is ${done.json["status"]}` };
  throw new AcmeProblem(problemOf(403, error, host), done.retryAfterMs, host);
}

/** Sends the request, and waits until the certificate is there. */
async function finish(
  url: string,
  order: Answer,
  request: string,
  { authority: { exchange }, clock }: OrderParts,
  signal: AbortSignal,
): Promise<Answer> {
  const ask = () => exchange.post(url, undefined, { what: "waiting for the certificate", signal });
  const isDone = ({ status }: Answer["json"]) => status !== "pending" && status !== "processing";
  // It is ready once all is proven, which may take a moment to be known.
  await poll(ask, clock, signal, isDone);
  const address = String(order.json["finalize"]);
  await exchange.post(address, { csr: request }, { what: "sending the request", signal });
  const done = await poll(ask, clock, signal, (order) => isDone(order) && order["status"] !== "ready");
  if (done.json["status"] === "valid") return done;
  throw new AcmeProblem(
    problemOf(403, done.json["error"] ?? { detail: "the order is invalid" }),
    undefined,
    "the order",
  );
}

async function poll(
  ask: () => Promise<Answer>,
  clock: Clock,
  signal: AbortSignal,
  isDone: (json: Answer["json"]) => boolean,
): Promise<Answer> {
  for (let tries = 0;; tries++) {
    const answer = await ask();
    if (isDone(answer.json)) return answer;
    const usual = POLLS_MS[Math.min(tries, POLLS_MS.length - 1)] ?? LONGEST_POLL_MS;
    await clock.sleep(Math.min(answer.retryAfterMs ?? usual, LONGEST_POLL_MS), signal);
    signal.throwIfAborted();
  }
}

/** A request for a certificate (RFC 2986), as base64url. */
async function requestOf(
  { publicKey, privateKey }: CryptoKeyPair,
  hosts: readonly string[],
): Promise<string> {
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", publicKey));
  const info = requestInfo(spki, hosts);
  return encodeBase64Url(signedRequest(info, await sign(privateKey, info)));
}

/** What an error says of hosts or of the authority. */
export function failureOf(error: unknown, hosts: readonly string[]): OrderFailure {
  const why = messageOf(error);
  if (!(error instanceof AcmeProblem)) {
    return {
      fault: "authority",
      hosts: {},
      why,
      retryAfterMs: error instanceof AuthorityAway ? error.retryAfterMs : undefined,
    };
  }
  const { problem, retryAfterMs } = error;
  if (isAccountClosed(problem)) {
    // The config has the key's thumbprint: another one is made when signalbox begins.
    const remedy = "expected another key: move account.pem away and start signalbox again";
    return { fault: "authority", hosts: {}, why: `${why}; ${remedy}`, retryAfterMs };
  }
  // A limit on names is told by the names that it is about; one on the account or on our address is for all orders.
  const isLimitOfHosts = problem.type === "rateLimited" &&
    /already issued|exact set|failed authorizations/.test(problem.detail);
  if (!isOfHosts(problem) && !isLimitOfHosts) return { fault: "authority", hosts: {}, why, retryAfterMs };
  const isNamed = Object.keys(problem.hosts).length > 0;
  const named = isNamed ? problem.hosts : everyHost(hosts, problem.detail);
  // A limit on a set of names is one on all of them.
  const isUnnamed = !isNamed && !/exact set/.test(problem.detail);
  return { fault: "host", hosts: named, isUnnamed, why: wordsOf(named), retryAfterMs };
}

const everyHost = (hosts: readonly string[], why: string): Record<string, string> =>
  Object.fromEntries(hosts.map((host) => [host, why]));

/** The reasons, each once, with the hosts that it is about. */
function wordsOf(hosts: Readonly<Record<string, string>>): string {
  const byReason = Map.groupBy(Object.entries(hosts), ([, why]) => why);
  return [...byReason].map(([why, all]) => `${all.map(([host]) => host).join(", ")}: ${why}`).join("; ");
}

const listOf = <T = string>(value: unknown): readonly T[] => Array.isArray(value) ? value : [];
const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
