/** The signals of `run`, from its construction on: SIGTERM and SIGINT end signalbox, SIGHUP makes it read everything again. */
export class Signals {
  readonly #stopping = new AbortController();
  #onHangup = () => {};

  constructor() {
    const stop = () => this.stop();
    Deno.addSignalListener("SIGTERM", stop);
    Deno.addSignalListener("SIGINT", stop);
    Deno.addSignalListener("SIGHUP", () => this.#onHangup());
  }

  /** Aborts when signalbox is to end. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Ends signalbox like a signal. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Calls `act` at each SIGHUP from now on. */
  onHangup(act: () => void): void {
    this.#onHangup = act;
  }
}
