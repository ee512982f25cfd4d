/** Requests to a service all the while, over new and kept connections. */
import type { Ending, Router, Stage } from "./stage.ts";

/** Asks for the host over new and kept connections, all the while, until it is ended; tells how each request ended. */
export function underLoad({ port }: Router, host: string, { defer }: Stage) {
  const endings: Ending[] = [];
  let isOver = false;
  const ask = async (client: Deno.HttpClient) => {
    const signal = AbortSignal.timeout(5_000);
    const answer = await fetch(`http://127.0.0.1:${port}/`, { client, headers: { host }, signal });
    await answer.text();
    return answer.status;
  };
  const client = (isKept: boolean) =>
    Deno.createHttpClient({ allowHost: true, poolMaxIdlePerHost: isKept ? 1 : 0 });
  const loop = async (isKept: boolean) => {
    using own = client(isKept);
    while (!isOver) {
      endings.push(await ask(own).catch((error) => `${isKept ? "kept" : "new"}: ${error}`));
    }
  };
  const loops = Promise.all([loop(true), loop(true), loop(false), loop(false)]);
  const end = async () => {
    isOver = true;
    await loops;
  };
  defer(end);
  return { endings, end };
}
