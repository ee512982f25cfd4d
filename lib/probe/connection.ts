/** Enough for the first line of an answer; a container that waits costs no more memory than this. */
const READ_BYTES = 512;

/** A connection to a container, as far as a probe needs one. */
export type Connection = {
  readonly write: (text: string) => Promise<void>;
  /** The next bytes, or `undefined` when the other side closed; rejects when the signal of its opening aborts. */
  readonly read: () => Promise<Uint8Array | undefined>;
  readonly close: () => void;
};

type Address = { readonly hostname: string; readonly port: number };

/**
 * Connects, until the signal aborts. When the abort comes in the moment of the connection, Deno throws and leaves the
 * connection open. So Deno's signal only cancels, and a connection that was made is closed here.
 */
export async function connect(at: Address, signal: AbortSignal): Promise<Deno.TcpConn> {
  signal.throwIfAborted();
  const cancel = new AbortController();
  Object.defineProperty(cancel.signal, "throwIfAborted", { value: () => undefined });
  const abort = () => cancel.abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    const connection = await Deno.connect({ ...at, signal: cancel.signal });
    if (!signal.aborted) return connection;
    connection.close();
    throw signal.reason;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Opens a TCP connection, with a socket of Deno's own: one of node:net holds 64 KiB, and many containers may wait. */
export async function openTcp(at: Address, signal: AbortSignal): Promise<Connection> {
  const connection = await connect(at, signal);
  let isOpen = true;
  const close = () => {
    if (isOpen) connection.close();
    isOpen = false;
  };
  signal.addEventListener("abort", close, { once: true });
  // No listener hears an abort that came with the connection, and a read would never end.
  if (signal.aborted) close();
  return {
    write: async (text) => {
      const bytes = new TextEncoder().encode(text);
      for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
    },
    read: async () => {
      const bytes = new Uint8Array(READ_BYTES);
      const length = await connection.read(bytes).catch((error) => {
        if (error instanceof Deno.errors.ConnectionReset) return null;
        throw error;
      });
      return length === null ? undefined : bytes.subarray(0, length);
    },
    close,
  };
}

/** Opens a TLS connection without verifying its certificate: a probe finds out whether a container answers, not who it is. */
export async function openTls(at: Address, servername: string, signal: AbortSignal): Promise<Connection> {
  // Loaded where a container asks for it: most do not, and it takes time at every start.
  const { connect: connectTls } = await import("node:tls");
  signal.throwIfAborted();
  const socket = connectTls({ host: at.hostname, port: at.port, rejectUnauthorized: false, servername });
  const close = () => void socket.destroy();
  signal.addEventListener("abort", close, { once: true });
  const closed = () =>
    new Promise<undefined>((resolve, reject) => {
      socket.once("error", reject).once("close", () =>
        signal.aborted ? reject(signal.reason) : resolve(undefined));
    });
  // An error without a listener would end the process.
  socket.on("error", () => undefined);
  const opened = new Promise<true>((resolve) => socket.once("secureConnect", () => resolve(true)));
  if (await Promise.race([opened, closed()]) === undefined) throw new Error("the connection was closed");
  return {
    write: (text) => new Promise((resolve) => void socket.write(text, () => resolve())),
    read: () =>
      Promise.race([new Promise<Uint8Array>((resolve) => void socket.once("data", resolve)), closed()]),
    close,
  };
}
