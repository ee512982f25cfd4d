/** A string, with the colon that makes it a key, or the beginning or end of an object or a list (RFC 8259). */
const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\]]/g;

/**
 * Keys that stand twice in one object of a text that is JSON, as they are read; JSON.parse takes the last in silence.
 * `data` is what it made of the text: where it has as many keys as the text has colons, none was lost.
 */
export function repeatedKeys(json: string, data: unknown): string[] {
  return countColons(json) === countKeys(data) ? [] : findRepeated(json);
}

/** Colons outside of strings, of which each belongs to a key. */
function countColons(json: string): number {
  let count = 0;
  let isInside = false;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) isInside = !isInside;
    else if (code === COLON) count += isInside ? 0 : 1;
    else if (code === BACKSLASH) at++;
  }
  return count;
}

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

function countKeys(data: unknown): number {
  let count = 0;
  // Not by recursion: what a container wrote may be nested deeper than our stack.
  const left = [data];
  for (let value = left.pop(); value !== undefined; value = left.pop()) {
    if (typeof value !== "object" || value === null) continue;
    const values = Object.values(value);
    if (!Array.isArray(value)) count += values.length;
    for (const each of values) if (typeof each === "object") left.push(each);
  }
  return count;
}

function findRepeated(json: string): string[] {
  const repeated = new Set<string>();
  // The keys of each object that is open, the innermost last; a list has none.
  const open: Set<string>[] = [];
  for (const [token, text, colon] of json.matchAll(TOKEN)) {
    if (token === "{" || token === "[") open.push(new Set());
    else if (token === "}" || token === "]") open.pop();
    else if (text !== undefined && colon !== undefined) {
      const key = JSON.parse(text) as string;
      const keys = open.at(-1);
      if (keys?.has(key)) repeated.add(key);
      keys?.add(key);
    }
  }
  return [...repeated];
}
