import type { Complaints } from "../values/complaints.ts";
import { readInterlock } from "./interlock.ts";
import { isOfInterlock2 } from "./interlock2.ts";
import { type LabelPrefix, PREFIX } from "./label_parts.ts";
import type { Reading, Words } from "./said.ts";
import { isOurs as isOfInterlock } from "./said_labels.ts";

/** A way in which a container says what it wants: what it reads, and what that says in the keys of our table. */
export type Dialect = {
  readonly name: string;
  /** Variables of a container's environment that it reads. */
  readonly variables: readonly string[];
  readonly isOurs: (label: string, prefix: LabelPrefix) => boolean;
  readonly read: (words: Words, complaints: Complaints) => Reading;
};

/** Every dialect that containers may speak, in the order in which their routes come. */
export const DIALECTS: readonly Dialect[] = [
  { name: "interlock", variables: ["INTERLOCK_DATA"], isOurs: isOfEither, read: readInterlock },
];

function isOfEither(label: string, prefix: LabelPrefix): boolean {
  // Those of Interlock 2 have no prefix of their own for each signalbox: they are for the one whose prefix is the usual one.
  return isOfInterlock(label, prefix) || (prefix === PREFIX && isOfInterlock2(label));
}

/** Whether any dialect reads a label. */
export function isOurs(label: string, prefix: LabelPrefix = PREFIX): boolean {
  // Of each label of each container: a loop is faster than a function for each element.
  for (const dialect of DIALECTS) if (dialect.isOurs(label, prefix)) return true;
  return false;
}
