import type { RouteId } from "../values/names.ts";
import { expected, type Parsed, parsed } from "../values/notice.ts";
import { HIDDEN } from "../values/secret_text.ts";
import { USERS_MAP } from "../values/table.ts";
import { type RouteRow, rowOf } from "./route_row.ts";

/** A user and what tells the password, as HAProxy looks at it: `SALT$HEX`, of which an empty salt is one of SHA-1. */
export type Credential = { readonly user: string; readonly check: string };

/** No colon, which ends it in a request, and nothing that ends a word of a row or a config. */
const USER = /^[A-Za-z0-9._@+-]{1,64}$/;
const SALTED = /^\{SHA256\}([A-Za-z0-9./_-]{1,64})\$([0-9a-fA-F]{64})$/;
const SHA_1 = /^\{SHA\}([A-Za-z0-9+/]{27}=)$/;
const MAKE_ONE = "`signalbox password USER` makes one";

/** Reads `user:hash`. The password itself, and hashes that HAProxy does not know or that are broken, are refused by name. */
export function parseCredential(text: string): Parsed<Credential> {
  const colon = text.indexOf(":");
  const [user, hash] = [text.slice(0, colon), text.slice(colon + 1)];
  if (colon < 0 || !USER.test(user)) {
    return expected(`user:hash, the user of letters, digits and ._@+- (64 at most); ${MAKE_ONE}`);
  }
  const [, salt, hex] = SALTED.exec(hash) ?? [];
  if (salt !== undefined && hex !== undefined) return parsed({ user, check: `${salt}$${hex.toLowerCase()}` });
  const base64 = SHA_1.exec(hash)?.[1];
  if (base64 !== undefined) return parsed({ user, check: `$${hexOf(base64)}` });
  // A saved snapshot does not tell the hash: nobody gets in by it.
  if (hash === HIDDEN) return parsed({ user, check: HIDDEN });
  return expected(whyRefused(hash));
}

function whyRefused(hash: string): string {
  const good = `a salted SHA-256 hash; ${MAKE_ONE}`;
  if (/^\$(?:apr1|1)\$/.test(hash)) return `no MD5 hash, as htpasswd makes without -B or -s, but ${good}`;
  if (/^\{SHA(?:256)?\}/.test(hash)) return `a whole hash: {SHA} and 28 characters, or ${good}`;
  return /^[{$]/.test(hash) ? good : `no password as plain text, but ${good}`;
}

const hexOf = (base64: string): string =>
  [...atob(base64)].map((byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");

/** The rows of a route's users: a user's first hash counts. */
export function userRows(users: readonly Credential[], route: RouteId): readonly RouteRow[] {
  const checks = new Map<string, string>();
  for (const { user, check } of users) if (!checks.has(user)) checks.set(user, check);
  return [...checks].map(([user, check]) => rowOf(route, user, check, USERS_MAP));
}

/** Reads what a browser shows to whom it asks for a password. */
export function parseRealm(text: string): Parsed<string> {
  const isRealm = text.length <= 100 && /^[ !#-[\]-~]+$/.test(text) && text.trim() === text;
  return isRealm ? parsed(text) : expected('a text of at most 100 ASCII characters without " and \\');
}
