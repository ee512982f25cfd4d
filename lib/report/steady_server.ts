import type { Clock } from "../ports.ts";

/** How long after a server failed another one takes its place, in milliseconds. */
const AGAIN_MS = 1_000;
/** How long the same trouble is not told again, in milliseconds. */
const TOLD_MS = 60_000;

/** A server, and what becomes of its trouble. */
export type SteadyServerParts = {
  readonly open: () => Pick<Deno.HttpServer, "finished" | "shutdown">;
  /** Hears of trouble, of the same once a minute; the server is opened again. */
  readonly onFailure: (error: unknown) => void;
  /** The address may not be there yet: opening waits for it. */
  readonly mayWait?: boolean | undefined;
  readonly clock: Clock;
};

/** A server that is opened again when it fails: without a free descriptor for a connection, Deno's ends for good. */
export class SteadyServer {
  #server: ReturnType<SteadyServerParts["open"]> | undefined;
  #isClosed = false;
  #told = { why: "", at: 0 };
  #cancel = () => {};

  /** Opens it; throws where the address cannot be had, unless it may wait. */
  constructor(readonly parts: SteadyServerParts) {
    if (parts.mayWait === true) this.#open();
    else this.#use(parts.open());
  }

  #open(): void {
    try {
      this.#use(this.parts.open());
    } catch (error) {
      this.#retry(error);
    }
  }

  #use(server: ReturnType<SteadyServerParts["open"]>): void {
    this.#server = server;
    server.finished.catch((error) => this.#retry(error));
  }

  #retry(error: unknown): void {
    if (this.#isClosed) return;
    const { clock, onFailure } = this.parts;
    const [why, now] = [String(error), clock.now()];
    if (why !== this.#told.why || now - this.#told.at > TOLD_MS) {
      this.#told = { why, at: now };
      onFailure(error);
    }
    this.#cancel = clock.after(AGAIN_MS, () => this.#open());
  }

  /** Ends it, with its last answers. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    await this.#server?.shutdown().catch(() => undefined);
  }
}
