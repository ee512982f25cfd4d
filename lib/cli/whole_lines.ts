/** How much is kept for a slow reader, in bytes; further lines are left out as a whole. */
const MOST_UNSENT_BYTES = 262_144;

/** Writes lines to a pipe that may be full: finishes each line before it begins the next. */
export class WholeLines {
  readonly #encoder = new TextEncoder();
  #unsent: Uint8Array = new Uint8Array();

  /** Through `write`, which answers with how many bytes it took, and throws where it can take none. */
  constructor(readonly write: (bytes: Uint8Array) => number) {}

  /** Writes a line, or as much of it as goes now. */
  add(line: string): void {
    const bytes = this.#unsent.length < MOST_UNSENT_BYTES
      ? this.#encoder.encode(`${line}\n`)
      : new Uint8Array();
    const all = new Uint8Array(this.#unsent.length + bytes.length);
    all.set(this.#unsent);
    all.set(bytes, this.#unsent.length);
    let sent = 0;
    try {
      while (sent < all.length) sent += this.write(all.subarray(sent));
      this.#unsent = all.subarray(sent);
    } catch (error) {
      // The end of a log's reader must not end signalbox.
      this.#unsent = error instanceof Deno.errors.WouldBlock ? all.slice(sent) : new Uint8Array();
    }
  }
}
