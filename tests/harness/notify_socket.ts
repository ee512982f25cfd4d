/** A socket as systemd's NOTIFY_SOCKET: what services say to it. */
import { eventually } from "./eventually.ts";

/** The variables of each message, in the order in which they came. */
export type Message = Readonly<Record<string, string>>;

/** Listens until the block ends. */
export class NotifySocket implements Disposable {
  readonly messages: Message[] = [];
  readonly #socket: Deno.DatagramConn;

  constructor(readonly path: string) {
    this.#socket = Deno.listenDatagram({ transport: "unixpacket", path });
    void this.#collect();
  }

  async #collect(): Promise<void> {
    for await (const [bytes] of this.#socket) {
      const lines = new TextDecoder().decode(bytes).split("\n");
      this.messages.push(Object.fromEntries(lines.map((line) => line.split(/=(.*)/s, 2))));
    }
  }

  /** The first message that is as wanted, of those after the first `from`. */
  async hears(what: string, isWanted: (message: Message) => boolean, from = 0): Promise<Message> {
    return await eventually(() => this.messages.slice(from).find(isWanted), {
      what: `${what} in ${JSON.stringify(this.messages)}`,
    });
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
