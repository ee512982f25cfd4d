import { hashOf } from "./sha_blocks.ts";

/** The first 32 bits of the fractional parts of a power of the first primes: SHA-256's constants (FIPS 180-4, 4.2.2, 5.3.3). */
function fractions(count: number, power: number): Uint32Array {
  const primes: number[] = [];
  for (let at = 2; primes.length < count; at++) {
    if (primes.every((prime) => at % prime !== 0)) primes.push(at);
  }
  return Uint32Array.from(primes, (prime) => (prime ** power % 1) * 2 ** 32);
}

const ROUNDS = fractions(64, 1 / 3);
const START = fractions(8, 1 / 2);

const rotate = (word: number, by: number): number => (word >>> by) | (word << (32 - by));

/** SHA-256 of a text's UTF-8, in 64 hexadecimal digits (FIPS 180-4). */
export const sha256 = (text: string): string => hashOf(text, Uint32Array.from(START), 64, digest);

/** Takes one block of 16 words into the state (FIPS 180-4, 6.2.2). */
function digest(words: Uint32Array, state: Uint32Array): void {
  const word = (at: number) => words[at] ?? 0;
  for (let at = 16; at < 64; at++) {
    const [near, far] = [word(at - 2), word(at - 15)];
    const s0 = rotate(far, 7) ^ rotate(far, 18) ^ (far >>> 3);
    const s1 = rotate(near, 17) ^ rotate(near, 19) ^ (near >>> 10);
    words[at] = word(at - 16) + s0 + word(at - 7) + s1;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let at = 0; at < 64; at++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const first = (h + s1 + ((e & f) ^ (~e & g)) + (ROUNDS[at] ?? 0) + word(at)) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const second = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f] = [g, f, e];
    e = (d + first) | 0;
    [d, c, b] = [c, b, a];
    a = (first + second) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((each, at) => state[at] = (state[at] ?? 0) + each);
}
