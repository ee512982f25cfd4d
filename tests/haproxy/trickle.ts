/** What is never silent and never done. */
import { systemClock } from "../../lib/clock.ts";
import { bytes } from "./echo.ts";
import { LoopbackServer } from "./loopback_server.ts";

/** A service whose answers begin with a head, and come a byte at a time from there on. */
export class Trickle extends LoopbackServer {
  /** Connections that the other side has not closed. */
  open = 0;

  constructor(readonly head: string) {
    super();
  }

  protected async serve(connection: Deno.Conn): Promise<void> {
    this.open++;
    try {
      await connection.read(new Uint8Array(8_192));
      await connection.write(bytes(this.head));
      while (true) {
        await connection.write(bytes("a"));
        await systemClock.sleep(400);
      }
    } finally {
      this.open--;
    }
  }
}
