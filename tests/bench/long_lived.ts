/** Requests that last: slow ones, large downloads that are read slowly, and WebSockets that stay. */
import { now } from "./raw_http.ts";

/** How one of them ended; `what` is undefined where it ended as it should. */
export interface Ending {
  readonly kind: "slow" | "download" | "websocket";
  readonly id: string;
  /** The container's name, where it got as far as telling it. */
  readonly name: string;
  readonly endedAt: number;
  readonly what: string | undefined;
}

const DOWNLOAD_BYTES = 20_000_000;
/** A reader takes about three seconds for a download. */
const DOWNLOAD_PAUSE_MS = 10;
const CHUNK_BYTES = 65_536;
const PING_EVERY_MS = 200;
/** A text frame "ping", masked with zeroes (RFC 6455, 5.2). */
const PING = Uint8Array.of(0x81, 0x84, 0, 0, 0, 0, ...new TextEncoder().encode("ping"));

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

type Head = { readonly text: string; readonly rest: string };

async function openWith(port: number, host: string, path: string, more = ""): Promise<Deno.Conn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`));
  return connection;
}

/** Reads until the head of the answer is whole; what came of the body with it is counted. */
async function readHead(connection: Deno.Conn): Promise<Head> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  let text = "";
  for (;;) {
    const size = await connection.read(buffer);
    if (size === null) throw new Error("closed before an answer");
    text += new TextDecoder("latin1").decode(buffer.subarray(0, size));
    const end = text.indexOf("\r\n\r\n");
    if (end >= 0) return { text: text.slice(0, end + 2), rest: text.slice(end + 4) };
  }
}

const nameIn = (head: Head) => /x-served-by: (.*)\r/i.exec(head.text)?.[1] ?? "";

/** Runs one and tells how it ended; a WebSocket runs until it is cut or the signal, which is its good end. */
export async function runOne(
  kind: Ending["kind"],
  port: number,
  host: string,
  id: string,
  signal: AbortSignal,
): Promise<Ending> {
  let name = "";
  let connection: Deno.Conn | undefined;
  const told = (what: string | undefined): Ending => ({ kind, id, name, endedAt: now(), what });
  try {
    if (kind === "websocket") {
      const key = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
      connection = await openWith(port, host, `/ws?id=${id}`, key);
      const head = await readHead(connection);
      if (!head.text.startsWith("HTTP/1.1 101")) return told(head.text.slice(0, 40));
      const readName = (text: string) => void (name ||= /[\w.]+#\d+;/.exec(text)?.[0] ?? "");
      readName(head.rest);
      return told(await holdOpen(connection, signal, readName));
    }
    const path = kind === "slow" ? `/slow?ms=2000&id=${id}` : `/download?bytes=${DOWNLOAD_BYTES}&id=${id}`;
    connection = await openWith(port, host, path, "Connection: close\r\n");
    const head = await readHead(connection);
    name = nameIn(head);
    if (!head.text.startsWith("HTTP/1.1 200")) return told(head.text.slice(0, 40));
    const size = head.rest.length + await readRest(connection, kind === "download" ? DOWNLOAD_PAUSE_MS : 0);
    return told(kind === "download" && size < DOWNLOAD_BYTES ? `cut after ${size} bytes` : undefined);
  } catch (error) {
    return told((error as Error).message);
  } finally {
    try {
      connection?.close();
    } catch {
      // It was closed already.
    }
  }
}

async function readRest(connection: Deno.Conn, pauseMs: number): Promise<number> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  let total = 0;
  for (let size = await connection.read(buffer); size !== null; size = await connection.read(buffer)) {
    total += size;
    if (pauseMs > 0) await sleep(pauseMs);
  }
  return total;
}

/** Sends and reads until the connection ends, which is told, or the signal comes, which is the good end. */
async function holdOpen(
  connection: Deno.Conn,
  signal: AbortSignal,
  onText: (text: string) => void,
): Promise<string | undefined> {
  const buffer = new Uint8Array(4_096);
  let isOver = false;
  const reading = (async () => {
    try {
      for (let size = await connection.read(buffer); size !== null; size = await connection.read(buffer)) {
        onText(new TextDecoder("latin1").decode(buffer.subarray(0, size)));
      }
    } catch {
      // A reset is an end like another.
    }
    isOver = true;
  })();
  while (!isOver && !signal.aborted) {
    await connection.write(PING).catch(() => isOver = true);
    await Promise.race([reading, sleep(PING_EVERY_MS)]);
  }
  return signal.aborted && !isOver ? undefined : "cut";
}
