/** Containers at an address of the loopback, where a test listens in their place. */

/** Where their servers listen. */
export const LOOPBACK = "127.17.9.1";

/** A container as `docker inspect` prints it: one with a later letter for its id is younger, unless `created` says when. */
export const containerOf = (
  id: string,
  port: number,
  data: unknown,
  { name = id, created = letterDate(id), labels = {} }: {
    readonly name?: string;
    readonly created?: string;
    readonly labels?: Readonly<Record<string, string>>;
  } = {},
) => ({
  Id: id.length === 1 ? id.repeat(64) : id,
  Name: `/${name}`,
  Created: created,
  State: { Status: "running", StartedAt: "2024-01-01T00:00:00Z" },
  Config: {
    ExposedPorts: { [`${port}/tcp`]: {} },
    Env: data === undefined ? [] : [`INTERLOCK_DATA=${JSON.stringify(data)}`],
    Labels: labels,
  },
  NetworkSettings: { Networks: { bridge: { IPAddress: LOOPBACK } } },
});

const letterDate = (id: string): string =>
  new Date(Date.UTC(2024, 0, 1, 0, 0, id.charCodeAt(0))).toISOString();
