/** Milliseconds as a log tells them, with one digit after the point. */
export const tenths = (milliseconds: number): number => Math.round(milliseconds * 10) / 10;
