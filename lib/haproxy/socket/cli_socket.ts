import type { Clock } from "../../ports.ts";

/** HAProxy's socket did not answer: the message has the command and the reason. */
export class SocketError extends Error {
  override readonly name = "SocketError";
}

/** How long HAProxy may take for an answer, in milliseconds; a command takes 0.1. */
const DEADLINE_MS = 5_000;

/**
 * Sends one line to a command socket of HAProxy's and reads the whole answer (management guide, section 9.3). The
 * write side is closed after it, since the master's socket does not close by itself. Throws SocketError.
 */
export async function ask(
  path: string,
  line: string,
  clock: Clock,
  deadlineMs = DEADLINE_MS,
): Promise<string> {
  let connection: Deno.UnixConn | undefined;
  let isLate = false;
  const cancel = clock.after(deadlineMs, () => {
    isLate = true;
    close(connection);
  });
  try {
    connection = await Deno.connect({ transport: "unix", path });
    if (isLate) throw new Error("late");
    await writeAll(connection, new TextEncoder().encode(`${line}\n`));
    await connection.closeWrite();
    return await readAll(connection);
  } catch (error) {
    const why = isLate
      ? `no answer within ${deadlineMs} ms`
      : error instanceof Error
      ? error.message
      : String(error);
    throw new SocketError(`cannot ask HAProxy "${line.slice(0, 60)}" at ${path}: ${why}`);
  } finally {
    cancel();
    close(connection);
  }
}

async function writeAll(connection: Deno.UnixConn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

async function readAll(connection: Deno.UnixConn): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65_536);
  let text = "";
  for (let size = await connection.read(buffer); size !== null; size = await connection.read(buffer)) {
    text += decoder.decode(buffer.subarray(0, size), { stream: true });
  }
  return text;
}

function close(connection: Deno.UnixConn | undefined): void {
  try {
    connection?.close();
  } catch {
    // It was closed already, by the deadline or by HAProxy.
  }
}
