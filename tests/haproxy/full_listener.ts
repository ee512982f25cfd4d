/** A service that drops what comes: the kernel has no more room for connections to it. */

/** Listens, accepts nothing, and has all the connections that its queue takes. */
export class FullListener implements Disposable {
  readonly #queued: Deno.Conn[] = [];

  private constructor(readonly listener: Deno.TcpListener) {}

  get port(): number {
    return this.listener.addr.port;
  }

  static async open(hostname: string): Promise<FullListener> {
    const full = new FullListener(Deno.listen({ hostname, port: 0, tcpBacklog: 1 }));
    await full.#fill();
    return full;
  }

  /** Connects until that takes too long: then its packets are dropped. */
  async #fill(): Promise<void> {
    for (;;) {
      try {
        const signal = AbortSignal.timeout(500);
        const { hostname, port } = this.listener.addr;
        this.#queued.push(await Deno.connect({ hostname, port, signal }));
      } catch {
        return;
      }
    }
  }

  [Symbol.dispose](): void {
    for (const connection of this.#queued) connection.close();
    this.listener.close();
  }
}
