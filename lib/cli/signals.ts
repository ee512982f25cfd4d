/** The signals that `run` obeys, from the moment that this is made: SIGTERM and SIGINT end it, SIGHUP has it read again. */
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

  /** Ends signalbox as a signal does. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Calls `act` at each SIGHUP from now on. */
  onHangup(act: () => void): void {
    this.#onHangup = act;
  }
}
