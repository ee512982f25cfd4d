import { quote } from "../values/notice.ts";
import { type KeyName, keyNamed } from "./route_keys.ts";

/** Headers, whose values may be tokens: `Name: value`, or `-Name`. */
const OF_HEADERS: ReadonlySet<KeyName> = new Set(["request_headers", "response_headers"]);
/** Elements of a list that one line names. */
const MOST_NAMED = 8;

/** A key's value in words, for `explain`; `undefined` where it is one that no line has room for, or a secret. */
export function shownValue(name: KeyName, value: unknown): string | undefined {
  const { shown, isSecret, hidesValue, kind } = keyNamed(name);
  if (shown !== undefined) return (shown as (value: unknown) => string)(value);
  if (OF_HEADERS.has(name)) {
    return listOf((value as readonly string[]).map((change) => change.replace(/:.*$/s, "")));
  }
  if (isSecret || hidesValue !== undefined) return undefined;
  const unit = kind === "time" ? " ms" : kind === "size" ? " bytes" : "";
  if (Array.isArray(value)) {
    return value.every(isPlain) ? listOf(value.map((each) => wordOf(each))) : undefined;
  }
  if (isPlain(value)) return `${wordOf(value)}${unit}`;
  // A check, or options as HAProxy has them.
  const { option, lines = [] } = value as { readonly option?: unknown; readonly lines?: readonly string[] };
  const words = isPlain(option) ? [option] : lines;
  return words.length === 0 ? undefined : listOf(words.map((each) => wordOf(each)));
}

const isPlain = (value: unknown): value is string | number | boolean =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean";

/** Short, on one line, and without what looks like a secret. */
const wordOf = (value: string | number | boolean): string =>
  typeof value === "string" ? quote(value).slice(1, -1) : `${value}`;

function listOf(words: readonly string[]): string {
  const more = words.length - MOST_NAMED;
  return words.slice(0, MOST_NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
