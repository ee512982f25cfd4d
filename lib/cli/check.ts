/** The result of one check of `doctor`, and what to do where it failed. */
export type Check = {
  readonly name: string;
  readonly isGood: boolean;
  readonly detail: string;
  readonly remedy?: string;
};

/** What is wrong, and what to do about it, in one line. */
export const formatTrouble = ({ name, detail, remedy }: Check): string =>
  `${name}: ${detail}${remedy === undefined ? "" : `; ${remedy}`}`;
