/** A server's line, as it stands after `server` in the config: `NAME 172.17.0.2:80 id 5 check inter 5000 weight 3`. */

const WEIGHT = /\s+weight\s+(\d+)(?=\s|$)/;

/** The weight that a line names; a user's own template may name none. */
export function weightOf(line: string): number | undefined {
  const weight = WEIGHT.exec(line)?.[1];
  return weight === undefined ? undefined : Number(weight);
}

/** The line with another weight. */
export function withWeight(line: string, weight: number): string {
  return `${line.replace(WEIGHT, "")} weight ${weight}`;
}

/** Whether two lines differ at most in the weight, which a command can change. */
export function isSameButWeight(a: string, b: string): boolean {
  return a === b || a.replace(WEIGHT, "") === b.replace(WEIGHT, "");
}

/** `NAME 172.17.0.2:80 id 5 …` is at 172.17.0.2:80. */
export const endpointOf = (line: string): string | undefined => line.split(" ", 2)[1];

/** The name that HAProxy finds a server's address by, if its line has one: no command adds such a server or deletes it. */
export const nameOf = (line: string): string | undefined =>
  line.includes(" resolvers ") ? endpointOf(line)?.replace(/:\d+$/, "") : undefined;
