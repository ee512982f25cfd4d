/** A gate in front of the engine's API, request by request: it can refuse, change or swallow each. */
import { engineFromEnv } from "../harness/engine.ts";

/** What becomes of a request: an answer of the gate's own, none at all, or the engine's. */
export type Decision = Response | "never" | "engine";

/** A request, its path without the API's version. */
export interface EngineCall {
  readonly method: string;
  readonly path: string;
  /** `/v1.41`, or nothing. */
  readonly version: string;
}

/** Listens until it is closed. */
export class EngineGate {
  readonly calls: EngineCall[] = [];
  /** Asked for each request; the engine answers unless a test says otherwise. */
  decide: (call: EngineCall) => Decision = () => "engine";
  readonly #engine: Deno.HttpClient;
  readonly #server: Deno.HttpServer<Deno.UnixAddr>;
  #streams = new AbortController();

  constructor(readonly path: string) {
    const engine = engineFromEnv().host.replace(/^unix:\/\//, "");
    this.#engine = Deno.createHttpClient({ proxy: { transport: "unix", path: engine } });
    this.#server = Deno.serve(
      { path, onListen: () => {}, onError: () => new Response(null, { status: 500 }) },
      (request) => this.#handle(request),
    );
  }

  /** As --docker-host has it. */
  get host(): string {
    return `unix://${this.path}`;
  }

  /** Cuts every answer that is still being sent: the event streams. */
  cut(): void {
    this.#streams.abort();
    this.#streams = new AbortController();
  }

  async close(): Promise<void> {
    this.cut();
    await this.#server.shutdown();
    this.#engine.close();
  }

  async #handle(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const [, version = "", path = ""] = /^(\/v[0-9.]+)?(.*)$/.exec(pathname) ?? [];
    const call = { method: request.method, path, version };
    this.calls.push(call);
    const decision = this.decide(call);
    if (decision instanceof Response) return decision;
    const { signal } = this.#streams;
    if (decision === "never") {
      const { promise, reject } = Promise.withResolvers<never>();
      for (const end of [signal, request.signal]) end.addEventListener("abort", () => reject(end.reason));
      return await promise;
    }
    const { body, status, headers } = await fetch(`http://127.0.0.1${pathname}${search}`, {
      method: request.method,
      client: this.#engine,
      signal,
    });
    // Through a stream of our own: one that the runtime hands on by itself would not be cut by the signal.
    return new Response(body?.pipeThrough(new TransformStream(), { signal }) ?? null, { status, headers });
  }
}
