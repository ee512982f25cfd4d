import { connectEngine } from "./connect.ts";
import type { EngineTransport } from "./modem.ts";

/** The JSON of every running container of an engine, as it stands now; throws when the engine does not answer. */
export async function readContainers(
  transport: EngineTransport,
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  const engine = await connectEngine(transport, signal);
  try {
    const queue = (await engine.list(signal)).map((entry) => entry.id);
    const found: unknown[] = [];
    const worker = async () => {
      for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
        const json = await engine.inspect(id, signal);
        if (json instanceof Error) throw json;
        found.push(json);
      }
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    // A container that ended between list and inspect is no longer there to be told of.
    return found.filter((json) => json !== undefined);
  } finally {
    engine.close();
  }
}
