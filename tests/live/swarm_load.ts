/** Requests to a service all the while, over new and kept connections. */
import assert from "node:assert/strict";
import type { Ending, Stage } from "./stage.ts";

/** Where to ask; over the loopback unless said. */
export type Asked = { readonly port: number; readonly address?: string };

/** Requests that go on. */
export interface Load {
  /** How each request so far ended. */
  readonly endings: readonly Ending[];
  /** How many of them did not get 200, of how many, and how long one took: half of them, 99 of 100, and the slowest. */
  readonly told: () => string;
  /** Throws where one failed, and says what was done meanwhile. */
  readonly check: (what: string) => void;
  /** Asks no more. */
  readonly end: () => Promise<void>;
}

/** Asks for the host over new and kept connections, all the while, until it is ended; with a pause between two if one is named. */
export function underLoad(
  { port, address = "127.0.0.1" }: Asked,
  host: string,
  { defer }: Stage,
  pauseMs = 0,
): Load {
  const endings: Ending[] = [];
  const took: number[] = [];
  let isOver = false;
  const ask = async (client: Deno.HttpClient) => {
    const signal = AbortSignal.timeout(5_000);
    const answer = await fetch(`http://${address}:${port}/`, { client, headers: { host }, signal });
    await answer.text();
    return answer.status;
  };
  const client = (isKept: boolean) =>
    Deno.createHttpClient({ allowHost: true, poolMaxIdlePerHost: isKept ? 1 : 0 });
  const loop = async (isKept: boolean) => {
    using own = client(isKept);
    while (!isOver) {
      const since = performance.now();
      endings.push(await ask(own).catch((error) => `${isKept ? "kept" : "new"}: ${error}`));
      took.push(performance.now() - since);
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  const loops = Promise.all([loop(true), loop(true), loop(false), loop(false)]);
  const end = async () => {
    isOver = true;
    await loops;
  };
  defer(end);
  const failures = () => endings.filter((ending) => ending !== 200);
  const check = (what: string) => {
    const kinds = [...new Set(failures())].join("; ");
    assert.equal(failures().length, 0, `${what}: ${failures().length} of ${endings.length} failed: ${kinds}`);
  };
  const told = () => {
    const sorted = took.toSorted((a, b) => a - b);
    const [median, most, slowest] = [0.5, 0.99, 1].map((share) =>
      sorted[Math.ceil(share * sorted.length) - 1]?.toFixed(1)
    );
    return `${failures().length} of ${endings.length} failed (ms: median ${median}, p99 ${most}, slowest ${slowest})`;
  };
  return { endings, told, check, end };
}
