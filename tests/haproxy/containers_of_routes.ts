/** Containers that differ by what they say alone. */

/** A snapshot of containers at one port of the loopback, the oldest first: by name, what each says. */
export function snapshotOf(port: number, said: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(Object.entries(said).map(([name, data], at) => containerOf(name, port, data, at)));
}

/** One container as `docker inspect` prints it; `age` is its place among the others. */
export function containerOf(name: string, port: number, data: unknown, age: number): object {
  return {
    Id: name,
    Name: `/${name}`,
    Created: `2024-01-01T00:${String(age).padStart(2, "0")}:00Z`,
    State: { Status: "running", StartedAt: "2024-01-01T00:00:00Z" },
    Config: { ExposedPorts: { [`${port}/tcp`]: {} }, Env: [`INTERLOCK_DATA=${JSON.stringify(data)}`] },
    NetworkSettings: { Networks: { bridge: { IPAddress: "127.17.9.1" } } },
  };
}
