import type { LabelPrefix } from "./label_parts.ts";
import type { KeyName } from "../keys/route_keys.ts";
import type { Fault } from "../keys/route_data.ts";

/** One value that was said, not yet parsed; with the label that said it, if a label did. */
export type Said = {
  readonly value: unknown;
  readonly label: string | undefined;
  /** Where it was said, if that is known better than where its route was. */
  readonly source?: string;
  /** Where each element of a list was said, where each was said by itself. */
  readonly elements?: readonly string[];
};

/** What was said of one route. */
export type SaidRoute = {
  /** Where it was said, for messages: `INTERLOCK_DATA`, `INTERLOCK_DATA[1]`, `label route "api"`, `labels`. */
  readonly source: string;
  /** What it is called, where labels give it a name. */
  readonly name?: string;
  readonly keys: ReadonlyMap<KeyName, Said>;
  readonly fault: Fault;
  /** Why it is unclear whether the whole container is to be left out: a word that may be meant as its `enable`. */
  readonly closing?: Fault;
  /** The fault is one of all routes of the container, and not of this one's own words. */
  readonly isOfAll?: true;
  /** A key that protects, as which a word that is not read may be meant. */
  readonly slip?: KeyName | undefined;
};

/** The words of one container: its INTERLOCK_DATA, and its labels, of which those of the names are meant for us. */
export type Words = {
  readonly data: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly names: readonly string[];
  /** What those of ours begin with. */
  readonly prefix: LabelPrefix;
};

/** What the words of one container say. */
export type Reading = {
  readonly routes: readonly SaidRoute[];
  /** What says that the container is to be left out, where something does. */
  readonly off: string | undefined;
  /** Why none of its routes can be served. */
  readonly fault: Fault;
};

/** Where a value was said, for messages; `source` is where its route was. */
export const placeOf = (
  name: KeyName,
  said: Pick<Said, "label" | "source"> | undefined,
  source: string,
): string => said?.label === undefined ? `"${name}" of ${said?.source ?? source}` : `label "${said.label}"`;

/** Where an element of a list was said, of several. */
export const placeOfElement = (name: KeyName, said: Said, source: string, at: number): string =>
  said.elements?.[at] ?? `element ${at + 1} of ${placeOf(name, said, source)}`;
