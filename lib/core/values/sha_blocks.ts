/**
 * Hashes a text's UTF-8 as SHA-1 and SHA-256 do (FIPS 180-4, 5.1.1 and 6): padded to blocks of 16 words of 32 bits, which `digest`
 * takes into the state, one after the other; it has room for `wordCount` of its own. Answers with hexadecimal digits.
 */
export function hashOf(
  text: string,
  state: Uint32Array,
  wordCount: number,
  digest: (words: Uint32Array, state: Uint32Array) => void,
): string {
  const bytes = new TextEncoder().encode(text);
  const padded = new Uint8Array(((bytes.length + 8) >> 6) * 64 + 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(padded.length - 4, bytes.length << 3);
  const words = new Uint32Array(wordCount);
  for (let block = 0; block < padded.length; block += 64) {
    for (let at = 0; at < 16; at++) words[at] = view.getUint32(block + 4 * at);
    digest(words, state);
  }
  return Array.from(state, (word) => word.toString(16).padStart(8, "0")).join("");
}
