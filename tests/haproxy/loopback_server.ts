/** What listens in a container's place, for tests that see each byte. */
import { LOOPBACK } from "./loopback_container.ts";

/** Accepts connections until it is disposed of; what becomes of each is said by `serve`. */
export abstract class LoopbackServer implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: LOOPBACK, port: 0 });
  readonly port = this.#listener.addr.port;
  readonly #open = new Set<Deno.Conn>();
  #isOver = false;
  readonly #accepting = this.#accept();

  /** Has the connection until it is done with it. */
  protected abstract serve(connection: Deno.Conn): Promise<void>;

  async #accept(): Promise<void> {
    while (!this.#isOver) {
      // One whose client has gone before it was accepted is an error.
      const connection = await this.#listener.accept().catch(() => undefined);
      if (connection === undefined) continue;
      this.#open.add(connection);
      void this.serve(connection).catch(() => undefined).finally(() => this.#close(connection));
    }
  }

  #close(connection: Deno.Conn): void {
    if (this.#open.delete(connection)) connection.close();
  }

  /** Ends the connections that are open, whether their requests are answered or not. */
  drop(): void {
    for (const connection of this.#open) this.#close(connection);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#listener.close();
    this.drop();
    await this.#accepting;
  }
}
