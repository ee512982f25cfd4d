/** A way to an engine by TCP that can fall silent, as a machine that is cut off does: no end is sent, no answer comes. */

/** The way. */
export interface QuietRelay {
  /** As --docker-host has it. */
  readonly host: string;
  /** Nothing goes through any more, and connections stay open. */
  silence(): void;
  /** New connections go through again; what was under way is lost. */
  mend(): void;
  close(): void;
}

/** Puts one in front of an engine's socket. */
export function quietRelay(engine: string): QuietRelay {
  const path = engine.replace(/^unix:\/\//, "");
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  let isSilent = false;

  async function serve(): Promise<void> {
    for await (const client of listener) {
      open.add(client);
      // Taken, as the kernel of a machine that hangs takes it, and never answered.
      if (!isSilent) void join(client).catch(() => {});
    }
  }

  async function join(client: Deno.Conn): Promise<void> {
    const behind = await Deno.connect({ transport: "unix", path });
    open.add(behind);
    await Promise.race([copy(client, behind), copy(behind, client)]);
    if (!isSilent) [client, behind].forEach(close);
  }

  async function copy(from: Deno.Conn, to: Deno.Conn): Promise<void> {
    const bytes = new Uint8Array(16_384);
    for (;;) {
      const count = await from.read(bytes);
      if (count === null || isSilent) return;
      for (let sent = 0; sent < count;) sent += await to.write(bytes.subarray(sent, count));
    }
  }

  function close(end: Deno.Conn): void {
    open.delete(end);
    try {
      end.close();
    } catch {
      // The other side was quicker.
    }
  }

  void serve().catch(() => {});
  return {
    host: `tcp://127.0.0.1:${listener.addr.port}`,
    silence: () => void (isSilent = true),
    mend: () => void (isSilent = false),
    close: () => {
      listener.close();
      open.forEach(close);
    },
  };
}
