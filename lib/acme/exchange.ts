import { TimeLimit } from "../clock.ts";
import { type Problem, problemOf } from "../core/acme/problem.ts";
import { messageOf } from "../core/values/message_of.ts";
import type { Clock } from "../ports.ts";
import { type AccountKey, sign } from "./account_key.ts";
import { encodeBase64Url } from "./base64url.ts";

/** How long one answer of an authority may take, in milliseconds. */
const ANSWER_LIMIT_MS = 30_000;
/** An answer that is longer is none of an authority's, in bytes. */
const LONGEST_ANSWER = 1_000_000;
/** How often an exchange is begun again because of a nonce that the authority does not know any more. */
const MOST_NONCES = 20;

/** What an authority answered. */
export type Answer = {
  readonly status: number;
  readonly text: string;
  /** The body, where it is JSON. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly location: string | undefined;
  /** How long it asks to be waited for. */
  readonly retryAfterMs: number | undefined;
};

/** An authority refused something, in its own words. */
export class AcmeProblem extends Error {
  override readonly name = "AcmeProblem";

  constructor(readonly problem: Problem, readonly retryAfterMs: number | undefined, what: string) {
    const kind = problem.type === "" ? "" : ` (${problem.type})`;
    super(`${what}: the authority says: ${problem.detail}${kind}`);
  }
}

/** An authority that gave no answer of its own. */
export class AuthorityAway extends Error {
  override readonly name = "AuthorityAway";

  constructor(message: string, readonly retryAfterMs?: number | undefined) {
    super(message);
  }
}

/** What exchanges with an authority need of the world. */
export type ExchangeParts = {
  readonly clock: Clock;
  /** What connects; the system's where there is none. Another one may take its place. */
  readonly client?: Deno.HttpClient | undefined;
  readonly version: string;
};

/** What is said of a post: for errors, the host that it is about, and whether the key itself signs it. */
export type PostNote = {
  readonly what: string;
  readonly host?: string;
  readonly isNew?: boolean;
  readonly signal: AbortSignal;
};

/** Asks an authority, with signatures and nonces as RFC 8555, 6 has them. */
export class Exchange {
  #nonces: string[] = [];
  /** Where to get the first nonce. */
  nonceUrl: string | undefined;
  /** The account that signs; the key itself before there is one. */
  account: string | undefined;

  constructor(private readonly key: AccountKey, private readonly parts: ExchangeParts) {}

  /** Gets a resource that needs no signature. Throws AcmeProblem or AuthorityAway. */
  async get(url: string, what: string, signal: AbortSignal): Promise<Answer> {
    return this.#proven(await this.#send(url, { method: "GET" }, signal), what);
  }

  /** Posts a payload, or asks for a resource where there is none (RFC 8555, 6.3). Throws AcmeProblem or AuthorityAway. */
  async post(
    url: string,
    payload: unknown,
    { what, host, isNew = false, signal }: PostNote,
  ): Promise<Answer> {
    for (let tries = 1;; tries++) {
      const body = await this.#signed(url, payload, await this.#takeNonce(signal), isNew);
      const headers = { "content-type": "application/jose+json" };
      const answer = await this.#send(url, { method: "POST", headers, body }, signal);
      if (answer.status < 400) return answer;
      const problem = problemOf(answer.status, answer.json, host);
      if (problem.type === "badNonce" && tries < MOST_NONCES) continue;
      this.#proven(answer, what, host);
    }
  }

  #proven(answer: Answer, what: string, host?: string): Answer {
    const { status, json, retryAfterMs } = answer;
    if (status < 400) return answer;
    if (json["type"] === undefined && (status >= 500 || status === 404 || status === 429)) {
      throw new AuthorityAway(`${what}: the authority answers ${status}`, retryAfterMs);
    }
    throw new AcmeProblem(problemOf(status, json, host), retryAfterMs, what);
  }

  async #signed(url: string, payload: unknown, nonce: string, isNew: boolean): Promise<string> {
    const who = isNew || this.account === undefined ? { jwk: this.key.jwk } : { kid: this.account };
    const head = encodeBase64Url(JSON.stringify({ alg: "ES256", ...who, nonce, url }));
    const body = payload === undefined ? "" : encodeBase64Url(JSON.stringify(payload));
    const signature = await sign(this.key.privateKey, new TextEncoder().encode(`${head}.${body}`));
    return JSON.stringify({ protected: head, payload: body, signature: encodeBase64Url(signature) });
  }

  async #takeNonce(signal: AbortSignal): Promise<string> {
    if (this.#nonces.length === 0 && this.nonceUrl !== undefined) {
      this.#proven(await this.#send(this.nonceUrl, { method: "HEAD" }, signal), "asking for a nonce");
    }
    const nonce = this.#nonces.pop();
    if (nonce === undefined) throw new AuthorityAway("asking for a nonce: the authority gives none");
    return nonce;
  }

  async #send(url: string, init: RequestInit, signal: AbortSignal): Promise<Answer> {
    using limit = new TimeLimit(this.parts.clock, ANSWER_LIMIT_MS, () => new Error("no answer in 30 s"));
    const { client, version } = this.parts;
    try {
      const response = await fetch(url, {
        ...init,
        headers: { ...init.headers as Record<string, string>, "user-agent": `signalbox/${version}` },
        // A redirect would lead to another authority than the one that was named.
        redirect: "manual",
        signal: AbortSignal.any([signal, limit.signal]),
        ...client !== undefined && { client },
      });
      const nonce = response.headers.get("replay-nonce");
      if (nonce !== null && /^[A-Za-z0-9_-]{1,512}$/.test(nonce)) {
        this.#nonces = [...this.#nonces.slice(-20), nonce];
      }
      const text = await readText(response);
      return {
        status: response.status,
        text,
        json: parseObject(text),
        location: response.headers.get("location") ?? undefined,
        retryAfterMs: this.#retryAfterMs(response.headers.get("retry-after")),
      };
    } catch (error) {
      signal.throwIfAborted();
      throw new AuthorityAway(`cannot reach ${new URL(url).host}: ${reasonOf(error)}`);
    }
  }

  /** Seconds, or a date (RFC 9110, 10.2.3). */
  #retryAfterMs(text: string | null): number | undefined {
    if (text === null) return undefined;
    const ms = /^[0-9]{1,9}$/.test(text)
      ? Number(text) * 1_000
      : Date.parse(text) - this.parts.clock.date().getTime();
    return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
  }
}

async function readText(response: Response): Promise<string> {
  let text = "";
  for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += part;
    if (text.length > LONGEST_ANSWER) throw new Error("its answer is too long");
  }
  return text;
}

/** What went wrong at the bottom of it: the runtime's own words tell of its parts. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const words = messageOf(cause).replace(/^.*?(?:client error \(\w+\)|error sending request[^:]*): /, "")
    .slice(
      0,
      300,
    );
  const help = HELPS.find(([says]) => words.includes(says))?.[1];
  return help === undefined ? words : `${words}; ${help}`;
}

/** What helps, by the words of the runtime for a certificate of the authority's own server. */
const HELPS: readonly (readonly [says: string, help: string])[] = [
  [
    "CaUsedAsEndEntity",
    "its server shows an authority's own certificate, expected one that an authority of --acme-ca signed",
  ],
  ["UnknownIssuer", "expected --acme-ca with the authority of its certificate"],
];

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
