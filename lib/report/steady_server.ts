/** How long after a server failed another one takes its place, in milliseconds. */
const AGAIN_MS = 1_000;
/** How long one and the same trouble is told once, in milliseconds. */
const TOLD_MS = 60_000;

/** A server that is opened again when it fails: where no connection can be accepted (no descriptor is left), Deno's ends for good. */
export class SteadyServer {
  #server: ReturnType<SteadyServer["open"]> | undefined;
  #isClosed = false;
  #told = { why: "", at: 0 };
  #again: ReturnType<typeof setTimeout> | undefined;

  /**
   * Opens it; throws where the address cannot be had, unless it may wait. Later trouble is told to `onFailure`, the same once a
   * minute, and opening is tried again.
   */
  constructor(
    readonly open: () => Pick<Deno.HttpServer, "finished" | "shutdown">,
    readonly onFailure: (error: unknown) => void,
    mayWait = false,
    readonly againMs = AGAIN_MS,
  ) {
    if (mayWait) this.#open();
    else this.#use(open());
  }

  #open(): void {
    try {
      this.#use(this.open());
    } catch (error) {
      this.#retry(error);
    }
  }

  #use(server: ReturnType<SteadyServer["open"]>): void {
    this.#server = server;
    server.finished.catch((error) => this.#retry(error));
  }

  #retry(error: unknown): void {
    if (this.#isClosed) return;
    const [why, now] = [String(error), performance.now()];
    if (why !== this.#told.why || now - this.#told.at > TOLD_MS) {
      this.#told = { why, at: now };
      this.onFailure(error);
    }
    this.#again = setTimeout(() => this.#open(), this.againMs);
  }

  /** Ends it, with its last answers. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#again);
    await this.#server?.shutdown().catch(() => undefined);
  }
}
