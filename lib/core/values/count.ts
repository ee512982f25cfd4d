/** A number and what is counted: `1 warning`, `2 warnings`. */
export const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? "" : "s"}`;
