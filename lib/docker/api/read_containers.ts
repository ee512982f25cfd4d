import type { Clock } from "../../ports.ts";
import { connectEngine } from "./connect.ts";
import type { EngineTransport } from "./modem.ts";

/** Which containers are read: those that run, or stopped ones too, the newest of them. */
export type Which = "running" | "stopped too";

/** The JSON of containers of an engine, as they stand now; throws when the engine does not answer. */
export async function readContainers(
  transport: EngineTransport,
  clock: Clock,
  signal: AbortSignal,
  which: Which = "running",
  onList: (containers: number) => void = () => {},
): Promise<readonly unknown[]> {
  const engine = await connectEngine(transport, clock, signal);
  try {
    const stopped = which === "running" ? [] : await engine.stopped(signal);
    const queue = [...new Set([...stopped, ...(await engine.list(signal)).map((entry) => entry.id)])];
    onList(queue.length);
    const found: unknown[] = [];
    const worker = async () => {
      for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
        const json = await engine.inspect(id, signal);
        if (json instanceof Error) throw json;
        found.push(json);
      }
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    // The container ended between the list and its inspect.
    return found.filter((json) => json !== undefined);
  } finally {
    engine.close();
  }
}
