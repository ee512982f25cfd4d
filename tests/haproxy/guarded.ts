/** A container behind a guard, and a client in a tight loop that must never get to it. */
import { sendHead, statusOf } from "./echo.ts";

/** A container as `docker inspect` shows it, which says these things in INTERLOCK_DATA and listens on a port of the stage's. */
export const guardedContainer = (
  id: string,
  port: number,
  data: Readonly<Record<string, unknown>>,
  address = "127.17.9.1",
) => ({
  Id: id.repeat(64),
  Name: `/${id}`,
  Created: `2024-01-01T00:00:0${id.charCodeAt(0) % 10}Z`,
  State: { Status: "running", StartedAt: "2024-01-01T00:00:00Z" },
  Config: { ExposedPorts: { [`${port}/tcp`]: {} }, Env: [`INTERLOCK_DATA=${JSON.stringify(data)}`] },
  NetworkSettings: { Networks: { bridge: { IPAddress: address } } },
});

/** The field by which a client tells who it is. */
export const basic = (user: string, password: string): string =>
  `Authorization: Basic ${btoa(`${user}:${password}`)}`;

/** Asks for a host again and again without a password while `act` runs; answers with how often each status came. */
export async function besides(
  port: number,
  host: string,
  act: () => Promise<void>,
): Promise<ReadonlyMap<string, number>> {
  const statuses = new Map<string, number>();
  let isOver = false;
  const loop = async () => {
    while (!isOver) {
      const answer = await sendHead(port, "GET / HTTP/1.1", `Host: ${host}`, "Connection: close")
        // While HAProxy has not begun to listen.
        .catch(() => "");
      const status = statusOf(answer);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  const loops = [loop(), loop()];
  try {
    await act();
  } finally {
    isOver = true;
    await Promise.all(loops);
  }
  return statuses;
}
