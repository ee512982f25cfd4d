import { hashOf } from "./sha_blocks.ts";

const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

/** SHA-1 of a text's UTF-8, in 40 hexadecimal digits (FIPS 180-4, 6.1): for passwords that are kept so already. */
export const sha1 = (text: string): string =>
  hashOf(text, Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0), 80, digest);

/** What each 20 rounds mix, and their constant. */
const MIXES: readonly (readonly [(b: number, c: number, d: number) => number, number])[] = [
  [(b, c, d) => (b & c) | (~b & d), 0x5a827999],
  [(b, c, d) => b ^ c ^ d, 0x6ed9eba1],
  [(b, c, d) => (b & c) | (b & d) | (c & d), 0x8f1bbcdc],
  [(b, c, d) => b ^ c ^ d, 0xca62c1d6],
];

function digest(words: Uint32Array, state: Uint32Array): void {
  const word = (at: number) => words[at] ?? 0;
  for (let at = 16; at < 80; at++) {
    words[at] = rotate(word(at - 3) ^ word(at - 8) ^ word(at - 14) ^ word(at - 16), 1);
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0] = state;
  MIXES.forEach(([mix, constant], part) => {
    for (let at = part * 20; at < part * 20 + 20; at++) {
      const next = (rotate(a, 5) + mix(b, c, d) + e + constant + word(at)) | 0;
      [e, d, c, b, a] = [d, c, rotate(b, 30), a, next];
    }
  });
  [a, b, c, d, e].forEach((each, at) => state[at] = (state[at] ?? 0) + each);
}
