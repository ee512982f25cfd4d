/** What the parser of a key gets, by the key's kind; that of a list gets one element at a time. */
export type Inputs = {
  readonly boolean: boolean;
  readonly integer: number;
  readonly port: number;
  /** Milliseconds. */
  readonly time: number;
  /** Bytes. */
  readonly size: number;
  readonly string: string;
  /** A string; numbers and booleans as they are written. */
  readonly text: string;
  readonly "string[]": string;
};

/** What a value is, as JSON has it. */
export type Kind = keyof Inputs;

type KindRow<T> = {
  /** A phrase that fits after "expected". */
  readonly expected: string;
  /** The same for a label, where a label takes more. */
  readonly expectedOfLabel?: string;
  /** The value for the parser; `undefined` where it is of another kind. */
  readonly read: (value: unknown) => T | undefined;
  /** A label's text as the JSON value that it stands for; a text that stands for none stays a text, and is judged later. */
  readonly fromLabel: (text: string) => unknown;
};

const readText = (value: unknown): string | undefined => typeof value === "string" ? value : undefined;
const readAnyText = (value: unknown): string | undefined =>
  typeof value === "number" || typeof value === "boolean" ? `${value}` : readText(value);
const asText = (text: string): unknown => text;
const asNumber = (text: string): unknown => /^[0-9]{1,15}$/.test(text.trim()) ? Number(text.trim()) : text;

/** How values of each kind are read, from JSON and from labels. */
export const KINDS: { readonly [K in Kind]: KindRow<Inputs[K]> } = {
  boolean: {
    expected: "true or false",
    expectedOfLabel: "true or false (or yes, no, on, off, 1, 0)",
    read: readBoolean,
    fromLabel: (text) => text.trim() === "" ? true : text,
  },
  integer: {
    expected: "a whole number",
    read: (value) => Number.isInteger(value) ? value as number : undefined,
    fromLabel: asNumber,
  },
  port: {
    expected: "a number from 1 to 65535",
    read: (value) => typeof value === "number" ? value : undefined,
    fromLabel: asNumber,
  },
  time: {
    expected: "milliseconds, or a time such as 30s",
    read: readTime,
    fromLabel: asNumber,
  },
  size: {
    expected: "bytes, or a size such as 10m",
    read: readSize,
    fromLabel: asNumber,
  },
  text: { expected: "a text, a number, true or false", read: readAnyText, fromLabel: asText },
  string: { expected: "a string", read: readText, fromLabel: asText },
  "string[]": { expected: "a list of strings", read: readText, fromLabel: asText },
};

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** A time in milliseconds: a whole number of them, or a text with its unit, as `30s`. */
function readTime(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isInteger(value) ? value : undefined;
  const [, digits, unit = ""] = typeof value === "string"
    ? /^\s*([0-9]{1,9})(ms|[smh])\s*$/.exec(value) ?? []
    : [];
  return digits === undefined ? undefined : Number(digits) * (MILLISECONDS[unit] ?? 1);
}

const BYTES: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** A size in bytes: a whole number of them, or a text with its unit, as `10m`, `10MB` or `10MiB`: 1,024 of each to the next. */
function readSize(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isInteger(value) ? value : undefined;
  const [, digits, unit = ""] = typeof value === "string"
    ? /^\s*([0-9]{1,9}) ?([kmg]?)(?:i?b)?\s*$/i.exec(value) ?? []
    : [];
  return digits === undefined ? undefined : Number(digits) * (BYTES[unit.toLowerCase()] ?? 1);
}

const BOOLEANS: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  [1, true],
  ["true", true],
  ["1", true],
  ["yes", true],
  ["on", true],
  [false, false],
  [0, false],
  ["false", false],
  ["0", false],
  ["no", false],
  ["off", false],
]);

/** A boolean as people write it, in JSON and in labels alike; `undefined` where it is none. */
export function readBoolean(value: unknown): boolean | undefined {
  return BOOLEANS.get(typeof value === "string" ? value.trim().toLowerCase() : value);
}
