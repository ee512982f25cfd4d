/** Whether a container is still the one that it was, told by a connection that is held. */
import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import { ConnectionCheck } from "../../lib/probe/answers.ts";
import { container } from "../core/containers.ts";
import { eventually } from "../harness/eventually.ts";

/** A container that accepts connections, and closes each when it is told to. */
class Host implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly connections: Deno.Conn[] = [];
  readonly #accepting = (async () => {
    for await (const connection of this.#listener) this.connections.push(connection);
  })();
  #isOpen = true;

  get view() {
    const { port } = this.#listener.addr;
    return container("web", {
      exposed: [{ port: port as never, protocol: "tcp" }],
      networks: [{ name: "bridge", ipv4: "127.0.0.1" as never, ipv6: undefined }],
    });
  }

  /** How many connections are held now or were. */
  async has(count: number): Promise<void> {
    await eventually(() => this.connections.length >= count, { what: `${count} connections` });
  }

  close(): void {
    for (const connection of this.connections.splice(0)) connection.close();
  }

  async end(): Promise<void> {
    if (this.#isOpen) this.#listener.close();
    this.#isOpen = false;
    await this.#accepting;
    this.close();
  }

  [Symbol.asyncDispose] = () => this.end();
}

const check = new ConnectionCheck(systemClock);
const never = new AbortController().signal;

Deno.test("a container that closes a silent connection is asked again, and is not gone", async () => {
  await using host = new Host();
  const ending = new AbortController();
  const gone = check.untilGone(host.view, ending.signal);
  // The first is only a look at whether it answers.
  await host.has(2);
  host.close();
  await host.has(1);
  ending.abort();
  assert.equal(await gone, false);
});

Deno.test("a container that talks without end is not listened to without end, and is not gone", async () => {
  await using host = new Host();
  const ending = new AbortController();
  const gone = check.untilGone(host.view, ending.signal);
  for (const count of [2, 3, 4]) {
    await host.has(count);
    // It talks until nobody listens.
    const talker = host.connections[count - 1] as Deno.Conn;
    await assert.rejects(async () => {
      for (;;) await talker.write(new Uint8Array(65_536));
    });
  }
  ending.abort();
  assert.equal(await gone, false);
});

Deno.test("a container whose connection is closed and that takes no other is gone", async () => {
  await using host = new Host();
  const gone = check.untilGone(host.view, never);
  await host.has(2);
  await host.end();
  assert.equal(await gone, true);
});

Deno.test("a container that takes no connection is not watched", async () => {
  await using host = new Host();
  const { view } = host;
  await host.end();
  assert.equal(await check.untilGone(view, never), false);
});
