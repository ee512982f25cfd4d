import { createHash } from "node:crypto";

/** The kinds of crypt's SHA hashes: the algorithm, its size, and the order in which its bytes are written. */
const KINDS = {
  "5": { algorithm: "sha256", size: 32, step: [10, 20] },
  "6": { algorithm: "sha512", size: 64, step: [21, 42] },
} as const;

const DIGITS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const PARTS = /^\$([56])\$(?:rounds=([0-9]{1,9})\$)?([./A-Za-z0-9]{1,16})\$/;

/**
 * The hash of a password by crypt's SHA-256 and SHA-512 with the salt and rounds of another hash (U. Drepper, "Unix crypt using
 * SHA-256 and SHA-512"); `undefined` for a hash of another kind.
 */
export function shaCrypt(password: string, like: string): string | undefined {
  const [, id, rounds, salt] = PARTS.exec(like) ?? [];
  if ((id !== "5" && id !== "6") || salt === undefined) return undefined;
  const count = Math.min(Math.max(Number(rounds ?? 5_000), 1_000), 999_999_999);
  const words = rounds === undefined ? "" : `rounds=${count}$`;
  return `$${id}$${words}${salt}$${digitsOf(digest(password, salt, count, KINDS[id]), KINDS[id])}`;
}

type Kind = (typeof KINDS)[keyof typeof KINDS];

/** Steps 1 to 21 of the specification. */
function digest(password: string, salt: string, rounds: number, { algorithm, size }: Kind): Uint8Array {
  const hash = (...parts: readonly Uint8Array[]) => {
    const made = createHash(algorithm);
    for (const part of parts) made.update(part);
    return new Uint8Array(made.digest());
  };
  const encoder = new TextEncoder();
  const [key, salted] = [encoder.encode(password), encoder.encode(salt)];
  const other = hash(key, salted, key);
  const bits: Uint8Array[] = [];
  for (let left = key.length; left > 0; left >>= 1) bits.push((left & 1) === 1 ? other : key);
  let last = hash(key, salted, repeated(other, key.length), ...bits);
  const p = repeated(hash(...Array.from({ length: key.length }, () => key)), key.length);
  const s = repeated(hash(...Array.from({ length: 16 + (last[0] ?? 0) }, () => salted)), salted.length);
  for (let round = 0; round < rounds; round++) {
    const isOdd = (round & 1) === 1;
    last = hash(
      isOdd ? p : last,
      ...round % 3 === 0 ? [] : [s],
      ...round % 7 === 0 ? [] : [p],
      isOdd ? last : p,
    );
  }
  return last.subarray(0, size);
}

function repeated(bytes: Uint8Array, length: number): Uint8Array {
  const all = new Uint8Array(length);
  for (let at = 0; at < length; at += bytes.length) all.set(bytes.subarray(0, length - at), at);
  return all;
}

/** Step 22: three bytes at a time are four digits, in an order that mixes them. */
function digitsOf(bytes: Uint8Array, { size, step: [second, third] }: Kind): string {
  const groups = Math.floor(size / 3);
  let text = "";
  let [a, b, c]: [number, number, number] = [0, second, third];
  for (let group = 0; group < groups; group++) {
    text += digits(((bytes[a] ?? 0) << 16) | ((bytes[b] ?? 0) << 8) | (bytes[c] ?? 0), 4);
    [a, b, c] = size === 32 ? [c + 1, a + 1, b + 1] : [b + 1, c + 1, a + 1];
  }
  const rest = size === 32 ? ((bytes[31] ?? 0) << 8) | (bytes[30] ?? 0) : bytes[63] ?? 0;
  return text + digits(rest, size === 32 ? 3 : 2);
}

function digits(value: number, count: number): string {
  let text = "";
  for (let at = 0; at < count; at++) text += DIGITS[(value >> (6 * at)) & 63];
  return text;
}
