/** A load that must not notice anything: the same request again and again. */
import { httpGet, type Request } from "./http.ts";

/** Asks until the end, so many at a time; tells how often each status or error came. */
export function askUntilEnd(
  request: Request,
  atOnce = 1,
): { end(): Promise<Readonly<Record<string, number>>> } {
  const seen: Record<string, number> = {};
  let isDone = false;
  const asking = Promise.all(Array.from({ length: atOnce }, async () => {
    while (!isDone) {
      const what = await httpGet(request).then(({ status }) => `${status}`, String);
      seen[what] = (seen[what] ?? 0) + 1;
    }
  }));
  return {
    end: async () => {
      isDone = true;
      await asking;
      return seen;
    },
  };
}
