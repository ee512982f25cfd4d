/** A proxy in front of the engine's socket, which can be cut, and remembers what was asked. */
import { engineFromEnv } from "../harness/engine.ts";

/** The proxy; it listens from the start unless said otherwise. */
export interface EngineProxy {
  /** As --docker-host has it. */
  readonly host: string;
  /** The first line of each request so far: "GET /version HTTP/1.1". */
  readonly requests: readonly string[];
  /** As an engine that ends: every connection is cut, and no new one is taken. */
  cut(): void;
  /** Listens again. */
  mend(): void;
}

const ENGINE_PATH = engineFromEnv().host.replace(/^unix:\/\//, "");
const REQUEST_LINE = /^([A-Z]+) (\S+) HTTP\/1\.[01]\r?$/gm;

/** Puts a proxy at a path in front of the tests' engine. */
export function proxyEngine(path: string, { isListening = true } = {}): EngineProxy {
  const requests: string[] = [];
  const open = new Set<Deno.Conn>();
  let listener: Deno.Listener | undefined;

  async function serve(from: Deno.Listener): Promise<void> {
    for await (const client of from) void join(client).catch(() => {});
  }

  async function join(client: Deno.Conn): Promise<void> {
    const engine = await Deno.connect({ transport: "unix", path: ENGINE_PATH });
    const both = [client, engine];
    both.forEach((end) => open.add(end));
    const listened = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        const text = new TextDecoder().decode(chunk);
        for (const match of text.matchAll(REQUEST_LINE)) requests.push(match[0].trim());
        controller.enqueue(chunk);
      },
    });
    try {
      await Promise.race([
        client.readable.pipeThrough(listened).pipeTo(engine.writable),
        engine.readable.pipeTo(client.writable),
      ]);
    } finally {
      both.forEach(close);
    }
  }

  function close(end: Deno.Conn): void {
    open.delete(end);
    try {
      end.close();
    } catch {
      // The other side was quicker.
    }
  }

  function mend(): void {
    listener = Deno.listen({ transport: "unix", path });
    void serve(listener).catch(() => {});
  }

  function cut(): void {
    listener?.close();
    listener = undefined;
    try {
      Deno.removeSync(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    open.forEach(close);
  }

  if (isListening) mend();
  return { host: `unix://${path}`, requests, cut, mend };
}
