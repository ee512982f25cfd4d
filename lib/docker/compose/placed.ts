/** Where something stands in a file of the user's. */
export type Place = { readonly file: string; readonly line: number };

/** One value of a compose file with its place, which for a value of an object is that of its name. */
export type Placed = {
  readonly at: Place;
  /** What the file says of how it meets the same value of an earlier file (compose-spec, merging). */
  readonly tag?: "reset" | "override";
  readonly value: Scalar | readonly Placed[] | PlacedMap;
};

/** A value that has no parts. */
export type Scalar = string | number | boolean | null;

/** The values of an object by name, in the order of the text. */
export type PlacedMap = ReadonlyMap<string, Placed>;

/** What Compose itself would refuse. */
export class ComposeMistake extends Error {
  override readonly name = "ComposeMistake";
  constructor(readonly at: Place, message: string) {
    super(message);
  }
}

/** Whether a value is an object. */
export const isMap = (value: Placed["value"] | undefined): value is PlacedMap => value instanceof Map;

/** Whether a value is a list. */
export const isList = (value: Placed["value"] | undefined): value is readonly Placed[] =>
  Array.isArray(value);

/** A scalar as Compose makes a text of it; `undefined` for null, a list or an object. */
export function textOf(placed: Placed | undefined): string | undefined {
  const value = placed?.value;
  return value === null || value === undefined || typeof value === "object" ? undefined : String(value);
}

/** The values of an object, or none where it is left empty. Throws ComposeMistake for any other value. */
export function mapOf(placed: Placed | undefined, what: string): PlacedMap {
  if (placed === undefined || placed.value === null) return new Map();
  if (isMap(placed.value)) return placed.value;
  throw new ComposeMistake(placed.at, `${what} is no object, expected names with a value behind each`);
}

/** The elements of a list, or none where it is left empty. Throws ComposeMistake for any other value. */
export function listOf(placed: Placed | undefined, what: string): readonly Placed[] {
  if (placed === undefined || placed.value === null) return [];
  if (isList(placed.value)) return placed.value;
  throw new ComposeMistake(placed.at, `${what} is no list, expected elements with a - in front of each`);
}
