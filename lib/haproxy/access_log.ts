import { ACCESS_RING } from "../core/process_config.ts";

/**
 * Reads the access log out of a worker's ring, line by line, until the worker ends or the signal aborts
 * (management guide, `show events`). `isNew` worker: from its first line; else only what comes from now on.
 */
export async function readAccessLog(
  socket: string,
  isNew: boolean,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const connection = await Deno.connect({ transport: "unix", path: socket });
  const stop = () => {
    try {
      connection.close();
    } catch {
      // HAProxy closed it first.
    }
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    await connection.write(new TextEncoder().encode(`show events ${ACCESS_RING} -w${isNew ? "" : "n"}\n`));
    let rest = "";
    for await (const chunk of connection.readable.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line !== "") onLine(line);
      }
    }
  } catch {
    // The worker ended, or we stop listening; either way there is no more to read.
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}
