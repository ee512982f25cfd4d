/** What is never silent and never done. */
import { systemClock } from "../../lib/clock.ts";
import { bytes } from "./echo.ts";
import { LoopbackServer } from "./loopback_server.ts";

/** How an answer goes on: so many bytes at a time, after so many milliseconds. */
type Pace = { readonly bytes: number; readonly everyMs: number };

/** A service whose answers begin with a head, and never end: they come a byte at a time, unless another pace is said. */
export class Trickle extends LoopbackServer {
  /** Connections that the other side has not closed. */
  open = 0;

  constructor(readonly head: string, readonly pace: Pace = { bytes: 1, everyMs: 400 }) {
    super();
  }

  protected async serve(connection: Deno.Conn): Promise<void> {
    this.open++;
    try {
      await connection.read(new Uint8Array(8_192));
      await connection.write(bytes(this.head));
      const more = new Uint8Array(this.pace.bytes).fill(97);
      while (true) {
        await connection.write(more);
        if (this.pace.everyMs > 0) await systemClock.sleep(this.pace.everyMs);
      }
    } finally {
      this.open--;
    }
  }
}
