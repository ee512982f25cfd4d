import { parseCredential } from "../../core/keys/password.ts";
import { HIDDEN } from "../../core/values/secret_text.ts";
import { expected, type Parsed, parsed } from "../../core/values/notice.ts";

/** A user of the admin address, and the hash of the password. */
export type AdminUser = { readonly user: string; readonly hash: string };

/** What signalbox computes itself. */
const KINDS =
  "{SHA256} (`signalbox password USER`), bcrypt ($2b$), SHA-256 or SHA-512 of crypt ($5$, $6$), or {SHA}";
/** Users that a file may have. */
const MOST_USERS = 100;

/** Reads a file of `user:hash`, one a line, with hashes as `basic_auth` takes them; `#` begins a comment. */
export function parseAdminUsers(text: string): Parsed<readonly AdminUser[]> {
  const users: AdminUser[] = [];
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    const word = line.trim();
    if (word === "" || word.startsWith("#")) continue;
    const credential = parseCredential(word);
    if (!credential.ok) return expected(`in line ${at + 1} ${credential.expected}`);
    const hash = word.slice(word.indexOf(":") + 1);
    if (hash === HIDDEN) return expected(`in line ${at + 1} a hash, which a saved snapshot does not have`);
    if (hash.startsWith("$y$")) {
      return expected(
        `in line ${
          at + 1
        } no hash of yescrypt's ($y$), which HAProxy alone computes, for basic_auth, but ${KINDS}`,
      );
    }
    if (users.length === MOST_USERS) return expected(`at most ${MOST_USERS} users`);
    users.push({ user: credential.value.user, hash });
  }
  return users.length === 0 ? expected("a line user:hash; signalbox password USER makes one") : parsed(users);
}
