import { parseAccessLine } from "../runtime/access_line.ts";

/** How many requests of a route count: the last ones. */
const WINDOW = 256;

/** Times until the answer began of the last requests of each route, from the access log. */
export class Latencies {
  readonly #routes = new Map<string, { readonly times: Uint32Array; count: number }>();

  /** Notes lines of the access log; of requests that were not answered, none counts. */
  note(lines: readonly string[]): void {
    for (const line of lines) {
      const fields = parseAccessLine(line);
      if (fields?.route === undefined || fields.answerMs < 0) continue;
      const ms = Math.max(fields.queueMs, 0) + Math.max(fields.connectMs, 0) + fields.answerMs;
      let route = this.#routes.get(fields.route);
      if (route === undefined) {
        this.#routes.set(fields.route, route = { times: new Uint32Array(WINDOW), count: 0 });
      }
      route.times[route.count++ % WINDOW] = ms;
    }
  }

  /** The times that half of them and 95 of 100 stayed within, in milliseconds, by route. */
  get percentiles(): Readonly<Record<string, readonly [p50: number, p95: number]>> {
    return Object.fromEntries(
      [...this.#routes].map(([route, { times, count }]) => {
        const sorted = times.slice(0, Math.min(count, WINDOW)).sort();
        const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
        return [route, [at(0.5), at(0.95)] as const];
      }),
    );
  }
}
