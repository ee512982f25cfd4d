/** Small HTTP servers that stand in for containers, and the snapshot file that says of them what Docker would say. */

/** Who plays in the demo: what joins and leaves, and how signalbox learns of it. */
export interface Cast {
  /** What they are, in the plural. */
  readonly kind: string;
  /** The flags by which `signalbox run` finds them. */
  readonly flags: readonly string[];
  /** What a person may try by hand. */
  readonly hint: string;
  join(name: string, host: string): Promise<void>;
  /** Takes one away; `isUnused` resolves when it gets no more requests. */
  leave(name: string, isUnused: () => Promise<void>): Promise<void>;
  end(): Promise<void>;
}

interface StandIn {
  readonly host: string;
  readonly created: string;
  readonly server: Deno.HttpServer<Deno.NetAddr>;
}

/** Servers of this process on the loopback, written down as `docker inspect` would. */
export async function standIns(snapshot: string): Promise<Cast> {
  const servers = new Map<string, StandIn>();

  async function write(): Promise<void> {
    const containers = [...servers].map(([name, standIn]) => inspected(name, standIn));
    // A rename, so that a reader finds the old file or the new one, and never half of one.
    await Deno.writeTextFile(`${snapshot}.new`, JSON.stringify(containers, null, 2) + "\n");
    await Deno.rename(`${snapshot}.new`, snapshot);
  }

  await write();
  return {
    kind: "stand-in containers",
    flags: ["--snapshot", snapshot],
    hint: `What "Docker" says:      ${snapshot} (edit it, and see HAProxy follow)`,
    async join(name, host) {
      const server = Deno.serve(
        { hostname: "127.0.0.1", port: 0, onListen() {} },
        () => new Response(`${name}\n`),
      );
      servers.set(name, { host, server, created: new Date().toISOString() });
      await write();
    },
    async leave(name, isUnused) {
      const leaving = servers.get(name);
      servers.delete(name);
      await write();
      await isUnused();
      await leaving?.server.shutdown();
    },
    async end() {
      await Promise.all([...servers.values()].map(({ server }) => server.shutdown()));
    },
  };
}

/** One element of what `docker inspect` prints, with what routing looks at. */
function inspected(name: string, { host, created, server }: StandIn): unknown {
  const port = `${server.addr.port}/tcp`;
  const id = [...name].map((letter) => letter.charCodeAt(0).toString(16)).join("").padEnd(64, "0");
  return {
    Id: id,
    Name: `/${name}`,
    Created: created,
    State: {
      Status: "running",
      Running: true,
      Paused: false,
      Restarting: false,
      Dead: false,
      StartedAt: created,
    },
    Config: { Hostname: host, Domainname: "", Env: [], ExposedPorts: { [port]: {} }, Labels: {} },
    HostConfig: { NetworkMode: "bridge" },
    NetworkSettings: { Ports: { [port]: null }, Networks: { bridge: { IPAddress: server.addr.hostname } } },
  };
}
