/** Snapshots of containers on the loopback, each with what it says. */

/** A container at 127.17.9.1, at a port of its own, with its INTERLOCK_DATA. */
export type Said = { readonly port: number; readonly data: unknown };

/** What Docker says of the containers, the oldest first. */
export const snapshotOf = (all: readonly Said[]): string =>
  JSON.stringify(all.map(({ port, data }, at) => ({
    Id: (at + 10).toString(36).repeat(64),
    Name: `/web${at}`,
    Created: new Date(Date.UTC(2024, 0, 1, 0, 0, at)).toISOString(),
    State: { Status: "running", StartedAt: "2024-01-01T00:00:00Z" },
    Config: { ExposedPorts: { [`${port}/tcp`]: {} }, Env: [`INTERLOCK_DATA=${JSON.stringify(data)}`] },
    NetworkSettings: { Networks: { bridge: { IPAddress: "127.17.9.1" } } },
  })));
