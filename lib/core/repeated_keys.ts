/** A string, with the colon that makes it a key, or the beginning or end of an object or a list (RFC 8259). */
const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\]]/g;

/** Keys that stand twice in one object of a text that is JSON, as they are read; JSON.parse takes the last in silence. */
export function repeatedKeys(json: string): string[] {
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
