/** A request that HAProxy answered itself: who asked, and the status; `0` for a connection of TCP. */
export type Refusal = { readonly client: string; readonly status: string };

/**
 * The beginning of a line of the access log, up to the status. What stands for the server is HAProxy's own word in such
 * brackets where no container got the request (HAProxy manual, 8.2.3, `server_name`).
 */
const REFUSED = /^([0-9a-fA-F.:]+):\d+ \[[^\]]+\] \S+ [^\s/]+\/<[^>\s]*> \S+ (-?\d+) /;

/** What a line of the access log tells of a request that no container got, and that was not answered as it should be. */
export function refusalOf(line: string): Refusal | undefined {
  const [, client, status] = REFUSED.exec(line) ?? [];
  if (client === undefined || status === undefined) return undefined;
  const number = Number(status);
  return number > 0 && number < 400 ? undefined : { client, status: number > 0 ? status : "0" };
}
