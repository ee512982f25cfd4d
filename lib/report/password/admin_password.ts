import { sha1 } from "../../core/values/sha1.ts";
import { sha256 } from "../../core/values/sha256.ts";
import type { Clock } from "../../ports.ts";
import { isSame } from "./same_text.ts";
import { clientOf, WrongGuesses } from "./wrong_guesses.ts";
import { type AdminUser, parseAdminUsers } from "./admin_users.ts";

/** Compares a password with a hash that only crypt knows. */
export type CompareCrypt = (password: string, hash: string) => Promise<boolean>;

/** What an AdminPassword is made of. */
export type AdminPasswordParts = {
  readonly path: string;
  readonly clock: Pick<Clock, "now">;
  readonly compareCrypt: CompareCrypt;
};

/** Whether a request is let in: `later` where too many have guessed wrong. */
export type Verdict = "in" | "out" | "later";

/** Pairs of user and password that are remembered as right, so that each look costs no hash. */
const MOST_REMEMBERED = 64;

/** Lets in who knows a user's password, by a file of `user:hash`; a change of the file counts at once. */
export class AdminPassword {
  #users: readonly AdminUser[] = [];
  #stamp: string | undefined;
  /** Digests of what was right, with a salt of this process. */
  #remembered = new Set<string>();
  readonly #salt = crypto.randomUUID();
  readonly #guesses: WrongGuesses;
  /** By digest: a browser asks for several things at once. */
  readonly #comparing = new Map<string, Promise<boolean>>();

  constructor(readonly parts: AdminPasswordParts) {
    this.#guesses = new WrongGuesses(parts.clock);
  }

  /** Decides about the value of an Authorization header, and who sent it. A file that cannot be used lets nobody in. */
  async judge(authorization: string | null, address: string): Promise<Verdict> {
    await this.#read();
    const given = credentialOf(authorization);
    if (given === undefined) return "out";
    const digest = sha256(`${this.#salt} ${given.user}:${given.password}`);
    if (this.#remembered.has(digest)) return "in";
    const client = clientOf(address);
    const key = `${client} ${digest}`;
    const compared = this.#comparing.get(key);
    if (compared !== undefined) return await compared ? "in" : "out";
    if (!this.#guesses.mayGuess(client)) return "later";
    const stamp = this.#stamp;
    const comparing = this.#guesses.judge(client, () => this.#compare(given)).then((isRight) => {
      // The file may have changed while that took its time.
      if (isRight && stamp === this.#stamp) this.#remember(digest);
      return isRight;
    }).finally(() => this.#comparing.delete(key));
    this.#comparing.set(key, comparing);
    return await comparing ? "in" : "out";
  }

  #remember(digest: string): void {
    if (this.#remembered.size >= MOST_REMEMBERED) this.#remembered.clear();
    this.#remembered.add(digest);
  }

  /** A name that is nobody's takes as long as one that is, so that nobody learns which names there are. */
  async #compare({ user, password }: Given): Promise<boolean> {
    const found = this.#users.find((each) => each.user === user);
    const { hash } = found ?? this.#users[0] ?? { hash: "" };
    const isRight = await hasHash(password, hash, this.parts.compareCrypt);
    return isRight && found !== undefined;
  }

  async #read(): Promise<void> {
    const { path } = this.parts;
    const stamp = await Deno.stat(path).then(
      ({ mtime, size, ino }) => `${mtime?.getTime()} ${size} ${ino}`,
      () => undefined,
    );
    if (stamp !== undefined && stamp === this.#stamp) return;
    const text = stamp === undefined ? "" : await Deno.readTextFile(path).catch(() => "");
    const users = parseAdminUsers(text);
    this.#users = users.ok ? users.value : [];
    this.#stamp = stamp;
    this.#remembered = new Set();
  }
}

async function hasHash(password: string, hash: string, compareCrypt: CompareCrypt): Promise<boolean> {
  const [, salt, hex] = /^\{SHA256\}([^$]+)\$([0-9a-fA-F]+)$/.exec(hash) ?? [];
  if (salt !== undefined && hex !== undefined) return isSame(sha256(salt + password), hex.toLowerCase());
  const base64 = /^\{SHA\}(.+)$/.exec(hash)?.[1];
  if (base64 !== undefined) return isSame(base64Of(sha1(password)), base64);
  return hash !== "" && await compareCrypt(password, hash);
}

const base64Of = (hex: string): string =>
  btoa((hex.match(/../g) ?? []).map((byte) => String.fromCharCode(parseInt(byte, 16))).join(""));

type Given = { readonly user: string; readonly password: string };

/** The user and password of Basic authentication (RFC 7617), in UTF-8. */
function credentialOf(header: string | null): Given | undefined {
  const text = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(header ?? "")?.[1];
  if (text === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const [, user, password] = /^([^:]*):(.*)$/s.exec(new TextDecoder().decode(bytes)) ?? [];
    return user === undefined || password === undefined ? undefined : { user, password };
  } catch {
    return undefined;
  }
}
