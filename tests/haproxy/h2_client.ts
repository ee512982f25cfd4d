/** HTTP/2 by hand (RFC 9113), for a client that heeds no limit: it opens streams and reads nothing of what comes. */
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const [HEADERS, SETTINGS] = [0x1, 0x4];
const END_OF_STREAM_AND_HEADERS = 0x5;

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** Opens a connection with so many GET requests in it, all at once. */
export async function openStreams(
  port: number,
  count: number,
  host: string,
  path: string,
): Promise<Deno.Conn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const requests = Array.from({ length: count }, (_, at) => {
    // :method GET and :scheme http stand in the static table; path and authority follow as they are (RFC 7541, 6.2.2).
    const block = [0x82, 0x86, 0x04, path.length, ...bytes(path), 0x01, host.length, ...bytes(host)];
    return frame(HEADERS, END_OF_STREAM_AND_HEADERS, 2 * at + 1, block);
  });
  const all = [...bytes(PREFACE), ...frame(SETTINGS, 0, 0, []), ...requests.flat()];
  await connection.write(new Uint8Array(all));
  return connection;
}

function frame(type: number, flags: number, stream: number, payload: readonly number[]): number[] {
  const { length } = payload;
  return [length >> 16, length >> 8 & 255, length & 255, type, flags]
    .concat([stream >> 24, stream >> 16 & 255, stream >> 8 & 255, stream & 255], payload);
}
