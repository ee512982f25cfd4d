/** Compares two texts in a time that tells nothing of where they differ. */
export function isSame(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let at = 0; at < a.length; at++) {
    difference |= a.charCodeAt(at) ^ b.charCodeAt(at % Math.max(b.length, 1));
  }
  return difference === 0;
}
