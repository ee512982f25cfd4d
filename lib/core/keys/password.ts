import type { RouteId } from "../values/names.ts";
import { count } from "../values/count.ts";
import { expected, type Parsed, parsed } from "../values/notice.ts";
import { HIDDEN } from "../values/secret_text.ts";
import { sha256 } from "../values/sha256.ts";
import { USERS_MAP } from "../values/table.ts";
import { type RouteRow, rowOf } from "./route_row.ts";

/** A user and what tells the password. */
export type Credential = {
  readonly user: string;
  /** What HAProxy looks at: `SALT$HEX`, of which an empty salt is one of SHA-1; "crypt" of another. */
  readonly check: string;
  /** A hash that only crypt knows, which stands in the config with the sum of its list. */
  readonly crypt?: string;
};

/** No colon, which ends it in a request, and nothing that ends a word of a row or a config. */
const USER = /^[A-Za-z0-9._@+-]{1,64}$/;
const SALTED = /^\{SHA256\}([A-Za-z0-9./_-]{1,64})\$([0-9a-fA-F]{64})$/;
const SHA_1 = /^\{SHA\}([A-Za-z0-9+/]{27}=)$/;
/**
 * Hashes of crypt's that take HAProxy's thread 0.1 s at most. Costlier ones would hold up all that it serves, and HAProxy
 * ends a thread that is held up for 2 s.
 */
const CRYPTS: readonly RegExp[] = [
  /^\$2[aby]\$(?:0[4-9]|10)\$[./A-Za-z0-9]{53}$/,
  /^\$5\$(?:rounds=[1-9][0-9]{3,4}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{43}$/,
  /^\$6\$(?:rounds=[1-9][0-9]{3,4}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{86}$/,
  /^\$y\$j(?:[789A]5|9T)\$[./A-Za-z0-9]{1,86}\$[./A-Za-z0-9]{43}$/,
];
/** Digits of what tells one list of hashes from another. */
const SUM_DIGITS = 32;
const MAKE_ONE = "`signalbox password USER` makes one";
/** Shells and Compose read `$` as the beginning of a variable. */
const KEEP_DOLLARS = "in a shell it stands in single quotes, and in a compose file each $ is $$";

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
  if (CRYPTS.some((crypt) => crypt.test(hash))) {
    return parsed({ user, check: "crypt", crypt: hash });
  }
  // A saved snapshot does not have the hash: the route stays closed.
  if (hash === HIDDEN) return parsed({ user, check: HIDDEN });
  return expected(whyRefused(hash));
}

/** A user as a saved snapshot has it: without the hash. One that is refused still is. */
export function keptCredential(text: string): string {
  const colon = text.indexOf(":");
  if (colon < 0) return HIDDEN;
  return `${text.slice(0, colon + 1)}${parseCredential(text).ok ? "" : " "}${HIDDEN}`;
}

function whyRefused(hash: string): string {
  const good = `a salted SHA-256 hash; ${MAKE_ONE}`;
  if (/^\$(?:apr1|1)\$/.test(hash)) return `no MD5 hash, as htpasswd makes without -B or -s, but ${good}`;
  if (/^\{SHA(?:256)?\}/.test(hash)) {
    return `a whole hash: {SHA} and 28 characters, or ${good}; ${KEEP_DOLLARS}`;
  }
  if (/^\$(?:2[abxy]?|[56y])\$/.test(hash)) {
    return `a whole hash with a bcrypt cost of at most 10, at most 99999 rounds or a yescrypt cost of at most 5, or ${good}`;
  }
  return /^[{$]/.test(hash) ? good : `no password as plain text, but ${good}`;
}

const hexOf = (base64: string): string =>
  [...atob(base64)].map((byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");

/** The rows of a route's users: a user's first hash counts. */
export function userRows(users: readonly Credential[], route: RouteId): readonly RouteRow[] {
  const { sum } = cryptList(users);
  return firstOfEach(users).map(({ user, check, crypt }) =>
    rowOf(route, user, crypt === undefined ? check : `crypt$${sum}`, USERS_MAP)
  );
}

/** The users of a route whose hashes only crypt knows, and a sum of all of it. */
export type CryptList = {
  readonly users: readonly { readonly user: string; readonly hash: string }[];
  /**
   * Stands in the users' rows and in the config: a row that came before its reload is not looked up in the list of before,
   * and nobody is remembered with a hash that has changed.
   */
  readonly sum: string;
};

/** The list of those users; a user's first hash counts. */
export function cryptList(users: readonly Credential[]): CryptList {
  const list = firstOfEach(users).flatMap(({ user, crypt }) =>
    crypt === undefined ? [] : [{ user, hash: crypt }]
  );
  return { users: list, sum: sha256(JSON.stringify(list)).slice(0, SUM_DIGITS) };
}

/** How many users there are. */
export const formatUsers = (users: readonly Credential[]): string => count(firstOfEach(users).length, "user");

const firstOfEach = (users: readonly Credential[]): readonly Credential[] =>
  [
    ...new Map(users.toReversed().map((each) => [each.user, each])).values(),
  ].reverse();

/** Reads what a browser shows to whom it asks for a password. */
export function parseRealm(text: string): Parsed<string> {
  const isRealm = text.length <= 100 && /^[ !#-[\]-~]+$/.test(text) && text.trim() === text;
  return isRealm ? parsed(text) : expected('a text of at most 100 ASCII characters without " and \\');
}
