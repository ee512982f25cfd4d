/** One thing that was looked at: how it stands, and what to do where it does not. */
export type Check = {
  readonly name: string;
  readonly isGood: boolean;
  readonly detail: string;
  readonly remedy?: string;
};

/** What is wrong, and what to do about it, in one line. */
export const formatTrouble = ({ name, detail, remedy }: Check): string =>
  `${name}: ${detail}${remedy === undefined ? "" : `; ${remedy}`}`;
