import type { Eab } from "../core/settings/acme_values.ts";
import type { Renewal } from "../core/acme/record.ts";
import { portionOf } from "../core/acme/schedule.ts";
import type { AccountKey } from "./account_key.ts";
import { decodeBase64Url, encodeBase64Url } from "./base64url.ts";
import { AcmeProblem, AuthorityAway, Exchange, type ExchangeParts } from "./exchange.ts";

/** Who we are at an authority. */
export type Identity = {
  readonly key: AccountKey;
  readonly email: string;
  readonly eab: Eab | undefined;
};

/** Where an authority takes what (RFC 8555, 7.1.1). */
type Directory = {
  readonly newAccount: string;
  readonly newOrder: string;
  /** Absent where it does not say when to renew (RFC 9773). */
  readonly renewalInfo: string | undefined;
  readonly needsEab: boolean;
  /** The kinds of certificates that it has (draft-ietf-acme-profiles, 3); none where it has one kind alone. */
  readonly profiles: readonly string[];
};

/** How long a directory is used before it is read again, in milliseconds. */
const DIRECTORY_MS = 3_600_000;
/** How long an authority's word on a renewal counts, where it says nothing of that, in milliseconds. */
const RENEWAL_INFO_MS = 6 * 3_600_000;

/** One authority, and our account there. */
export class Authority {
  readonly exchange: Exchange;
  #entering: Promise<string> | undefined;
  #directory: { readonly at: number; readonly read: Directory } | undefined;

  constructor(
    readonly url: string,
    private readonly identity: Identity,
    private readonly parts: ExchangeParts,
  ) {
    this.exchange = new Exchange(identity.key, parts);
  }

  /** Reads the directory, and finds or makes the account; answers with its address. */
  enter(account: string | undefined, signal: AbortSignal): Promise<string> {
    // Orders of the same moment make one account.
    return this.#entering ??= this.#enter(account, signal).finally(() => this.#entering = undefined);
  }

  async #enter(account: string | undefined, signal: AbortSignal): Promise<string> {
    const directory = await this.directory(signal);
    this.exchange.account ??= account;
    if (this.exchange.account !== undefined) return this.exchange.account;
    const { email, eab } = this.identity;
    if (directory.needsEab && eab === undefined) {
      throw new AuthorityAway(
        `${this.url} wants an account that is tied to one there, expected --acme-eab KID:KEY`,
      );
    }
    const payload = {
      termsOfServiceAgreed: true,
      contact: [`mailto:${email}`],
      ...directory.needsEab && eab !== undefined && {
        externalAccountBinding: await bind(eab, this.identity.key, directory.newAccount),
      },
    };
    const { location } = await this.exchange.post(directory.newAccount, payload, {
      what: `making an account at ${this.url}`,
      isNew: true,
      signal,
    });
    if (location === undefined) throw new AuthorityAway(`${this.url} does not say which account is ours`);
    return this.exchange.account = location;
  }

  /** Forgets the account, which the authority does not know any more. */
  leave(): void {
    this.exchange.account = undefined;
  }

  /** Where the authority takes what. Throws AuthorityAway where it does not say. */
  async directory(signal: AbortSignal): Promise<Directory> {
    const now = this.parts.clock.now();
    if (this.#directory !== undefined && now - this.#directory.at < DIRECTORY_MS) return this.#directory.read;
    const { json } = await this.exchange.get(this.url, `reading ${this.url}`, signal);
    const { newNonce, newAccount, newOrder, renewalInfo, meta } = json;
    if (!isAddress(newNonce) || !isAddress(newAccount) || !isAddress(newOrder)) {
      throw new AuthorityAway(`${this.url} is no directory of an ACME authority`);
    }
    this.exchange.nonceUrl = newNonce;
    const { externalAccountRequired, profiles } = (meta ?? {}) as Record<string, unknown>;
    const read = {
      newAccount,
      newOrder,
      renewalInfo: isAddress(renewalInfo) ? renewalInfo : undefined,
      needsEab: externalAccountRequired === true,
      profiles: typeof profiles === "object" && profiles !== null ? Object.keys(profiles) : [],
    };
    this.#directory = { at: now, read };
    return read;
  }

  /** When the authority wants a certificate to be renewed (RFC 9773, 4); `undefined` where it has no such word. */
  async renewal(certificate: string, signal: AbortSignal): Promise<Renewal | undefined> {
    const { renewalInfo } = await this.directory(signal);
    if (renewalInfo === undefined) return undefined;
    const url = `${renewalInfo.replace(/\/$/, "")}/${certificate}`;
    const { json, retryAfterMs } = await this.exchange.get(url, "asking when to renew", signal);
    const { start, end } = (json["suggestedWindow"] ?? {}) as Record<string, unknown>;
    const [first, last] = [Date.parse(String(start)), Date.parse(String(end))];
    if (!Number.isFinite(first) || !(last >= first)) return undefined;
    const waitMs = Math.min(Math.max(retryAfterMs ?? RENEWAL_INFO_MS, 60_000), 24 * 3_600_000);
    return {
      atMs: Math.round(first + (last - first) * portionOf(certificate)),
      askAgainMs: this.parts.clock.date().getTime() + waitMs,
    };
  }
}

/** Whether our account is not there any more: another one may be made with the same key. */
export const isAccountGone = (error: unknown): boolean =>
  error instanceof AcmeProblem && error.problem.type === "accountDoesNotExist";

const isAddress = (value: unknown): value is string =>
  typeof value === "string" && /^https?:\/\//.test(value);

/** Ties our key to an account that the authority has already (RFC 8555, 7.3.4). */
async function bind({ kid, key }: Eab, account: AccountKey, url: string) {
  const head = encodeBase64Url(JSON.stringify({ alg: "HS256", kid, url }));
  const payload = encodeBase64Url(JSON.stringify(account.jwk));
  const hash = { name: "HMAC", hash: "SHA-256" };
  const secret = await crypto.subtle.importKey("raw", decodeBase64Url(key), hash, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", secret, new TextEncoder().encode(`${head}.${payload}`));
  return { protected: head, payload, signature: encodeBase64Url(new Uint8Array(signature)) };
}
