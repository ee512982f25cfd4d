/** HTTP/3 by hand (RFC 9114) over the QUIC of Deno, which is that of quinn: as much of it as one GET needs. */
const [DATA, HEADERS, SETTINGS] = [0x0, 0x1, 0x4];
const CONTROL = 0x0;
/** The statuses that QPACK knows by number (RFC 9204, appendix A). */
const STATUSES: Readonly<Record<number, number>> = {
  ...{ 24: 103, 25: 200, 26: 304, 27: 404, 28: 503, 63: 100, 64: 204, 65: 206 },
  ...{ 66: 302, 67: 400, 68: 403, 69: 421, 70: 425, 71: 500 },
};

const utf8 = new TextEncoder();

/** A connection to a port of the loopback, for a name that one of the authorities vouches for. */
export class H3Client implements AsyncDisposable {
  private constructor(
    readonly endpoint: Deno.QuicEndpoint,
    readonly connection: Deno.QuicConn,
    /** Kept, since a collected stream is reset, and HAProxy ends a connection whose control stream is (RFC 9114, 6.2.1). */
    readonly control: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>,
  ) {}

  /** Connects; `from` is the client's address. */
  static async connect(
    port: number,
    serverName: string,
    authority: string,
    from = "127.0.0.1",
  ): Promise<H3Client> {
    const endpoint = new Deno.QuicEndpoint({ hostname: from });
    const connection = await Deno.connectQuic({
      ...{ hostname: "127.0.0.1", port, serverName, endpoint },
      ...{ alpnProtocols: ["h3"], caCerts: [authority] },
    });
    const control = (await connection.createUnidirectionalStream()).getWriter();
    await control.write(new Uint8Array([CONTROL, SETTINGS, 0]));
    return new H3Client(endpoint, connection, control);
  }

  /** Asks for the root of a host; answers with the status, 0 for one that QPACK has no number for, and the body. */
  async get(host: string): Promise<{ readonly status: number; readonly body: string }> {
    const stream = await this.connection.createBidirectionalStream();
    const authority = utf8.encode(host);
    // GET, https and / stand in the static table; the authority follows as it is (RFC 9204, 4.5).
    const fields = [0, 0, 0xd1, 0xd7, 0xc1, 0x50, authority.length, ...authority];
    const writer = stream.writable.getWriter();
    await writer.write(new Uint8Array([HEADERS, fields.length, ...fields]));
    await writer.close();
    const chunks: number[] = [];
    for await (const chunk of stream.readable) chunks.push(...chunk);
    return readAnswer(chunks);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.connection.close({ closeCode: 0x100, reason: "" });
    await this.connection.closed.catch(() => undefined);
    this.endpoint.close();
  }
}

function readAnswer(bytes: readonly number[]): { readonly status: number; readonly body: string } {
  let status = 0;
  const body: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const [type, afterType] = integerAt(bytes, at);
    const [length, from] = integerAt(bytes, afterType);
    const content = bytes.slice(from, from + length);
    if (type === HEADERS && status === 0) status = STATUSES[numberOf(content)] ?? 0;
    if (type === DATA) body.push(...content);
    at = from + length;
  }
  return { status, body: new TextDecoder().decode(new Uint8Array(body)) };
}

/** The number of the first field, which is the status, where it is one of the static table. */
function numberOf([, , first = 0, second = 0]: readonly number[]): number {
  const number = first & 0x3f;
  return number === 0x3f ? number + second : number;
}

/** A number of QUIC (RFC 9000, 16), and where the next one begins. */
function integerAt(bytes: readonly number[], at: number): readonly [value: number, next: number] {
  const size = 1 << ((bytes[at] ?? 0) >> 6);
  const [first = 0, ...others] = bytes.slice(at, at + size);
  return [others.reduce((value, byte) => value * 256 + byte, first & 0x3f), at + size];
}
