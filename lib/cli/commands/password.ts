import { parseCredential } from "../../core/keys/password.ts";
import { quote } from "../../core/values/notice.ts";
import { sha256 } from "../../core/values/sha256.ts";
import { wrongUsage } from "../failure.ts";
import type { Terminal } from "../terminal.ts";

/** Random bytes of a salt; each password has its own. */
const SALT_BYTES = 12;

/**
 * Makes a hash for `basic_auth` of the password on standard input, which is shown nowhere; with a user, `user:hash`.
 * Answers with the exit code, or throws Failure.
 */
export async function password(user: string | undefined, terminal: Terminal): Promise<number> {
  const hashOf = (text: string, salt: string) => `{SHA256}${salt}$${sha256(salt + text)}`;
  const checked = parseCredential(`${user ?? "user"}:${hashOf("", "salt")}`);
  if (!checked.ok) {
    throw wrongUsage(`the user is ${quote(user)}, expected letters, digits and ._@+- (64 at most)`);
  }
  const text = withoutLineEnd(await (terminal.secret?.("Password: ") ?? terminal.stdin()));
  // deno-lint-ignore no-control-regex
  if (text === "" || /[\x00-\x1f\x7f]/.test(text)) {
    throw wrongUsage("the password on standard input is empty or has more than one line, expected one line");
  }
  const hash = hashOf(text, randomSalt());
  await terminal.out(`${user === undefined ? hash : `${user}:${hash}`}\n`);
  // A label that a program takes needs none of this; who copies it by hand may.
  if (terminal.isOutTerminal) {
    terminal.err("in a compose file write $$ for each $; in a shell put it between single quotes");
  }
  return 0;
}

const withoutLineEnd = (text: string): string => text.replace(/\r?\n$/, "");

/** Letters and digits, and `-` and `_`, for 96 bits. */
function randomSalt(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
}
