import { isKeyName, KEY_OF_LABEL, type KeyName, keyNamed } from "../keys/route_keys.ts";

/** The key that narrows or protects which a word is exactly, as JSON or as labels spell it. */
export function exactGuard(word: string): KeyName | undefined {
  const lower = word.toLowerCase();
  const key = isKeyName(lower) ? lower : KEY_OF_LABEL.get(lower);
  return key !== undefined && keyNamed(key).isGuard === true ? key : undefined;
}

/** The same of a part of a word: `interlock.allow_from`, `access/allow_from`. */
export function guardInWord(word: string): KeyName | undefined {
  for (const part of word.split(/[^\w-]+/)) {
    const key = exactGuard(part);
    if (key !== undefined) return key;
  }
  return undefined;
}

/** Where a key that narrows or protects stands within a value that is not read: `access.allow_from`. */
export function guardWithin(value: unknown, path = ""): string | undefined {
  if (typeof value === "string") return undefined;
  const left: { readonly value: unknown; readonly path: string }[] = [{ value, path }];
  for (let each = left.pop(); each !== undefined; each = left.pop()) {
    const { value, path } = each;
    if (typeof value !== "object" || value === null) continue;
    const isList = Array.isArray(value);
    for (const [name, inner] of Object.entries(value)) {
      const place = isList ? path : path === "" ? name : `${path}.${name}`;
      if (!isList && inner !== null && guardInWord(name) !== undefined) return place;
      left.push({ value: inner, path: place });
    }
  }
  return undefined;
}
