/** Questions to a unix socket go over connections that are kept, as long as the other side keeps them. */
import assert from "node:assert/strict";
import { systemClock } from "../../../lib/clock.ts";
import { SocketReads, type Until } from "../../../lib/docker/api/socket_reads.ts";
import { eventually } from "../../harness/eventually.ts";

/** A question may last until the signal, or for so many milliseconds. */
const until = (signal: AbortSignal, limitMs = 10_000): Until => ({
  signal,
  clock: systemClock,
  limitMs,
  late: () => new Error("it is late"),
});
const NEVER = until(new AbortController().signal);
const encoder = new TextEncoder();

/** A server that answers each question with its target; what it does with a connection after that is the test's. */
class Server implements AsyncDisposable {
  readonly folder = Deno.makeTempDirSync();
  readonly path = `${this.folder}/engine.sock`;
  readonly open = new Set<Deno.Conn>();
  connections = 0;
  /** How many answers a connection gets before it is closed. */
  answersEach = Infinity;
  isSilent = false;
  readonly #listener = Deno.listen({ transport: "unix", path: this.path });
  readonly #accepting = this.#accept();

  async #accept(): Promise<void> {
    for await (const socket of this.#listener) {
      this.connections++;
      this.open.add(socket);
      void this.#serve(socket).catch(() => undefined).finally(() => this.end(socket));
    }
  }

  async #serve(socket: Deno.Conn): Promise<void> {
    const bytes = new Uint8Array(1_000);
    for (let answers = 0; answers < this.answersEach; answers++) {
      const length = await socket.read(bytes);
      if (length === null) return;
      if (this.isSilent) continue;
      const [, target = ""] = new TextDecoder().decode(bytes.subarray(0, length)).split(" ");
      await socket.write(
        encoder.encode(`HTTP/1.1 200 OK\r\ncontent-length: ${target.length}\r\n\r\n${target}`),
      );
    }
  }

  end(socket: Deno.Conn): void {
    if (this.open.delete(socket)) socket.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const socket of this.open) this.end(socket);
    await this.#accepting;
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("one connection carries questions that follow one another, and is closed at the end", async () => {
  await using server = new Server();
  const reads = new SocketReads(server.path);
  for (const target of ["/a", "/b", "/c"]) {
    assert.equal((await reads.get(target, "it", NEVER)).text, target);
  }
  assert.equal(server.connections, 1);
  reads.close();
  await eventually(() => server.open.size === 0, { what: "the connection to be closed" });
});

Deno.test("where the other side closes a kept connection, the question goes out on another", async () => {
  await using server = new Server();
  server.answersEach = 1;
  const reads = new SocketReads(server.path);
  for (const target of ["/a", "/b", "/c"]) {
    assert.equal((await reads.get(target, "it", NEVER)).text, target);
    await eventually(() => server.open.size === 0, { what: "the connection to be closed" });
  }
  assert.equal(server.connections, 3);
  reads.close();
});

Deno.test("a burst opens a connection for each question, and eight of them are kept", async () => {
  await using server = new Server();
  const reads = new SocketReads(server.path);
  const targets = Array.from({ length: 30 }, (_, at) => `/${at}`);
  const answers = await Promise.all(targets.map((target) => reads.get(target, "it", NEVER)));
  assert.deepEqual(answers.map(({ text }) => text), targets);
  await eventually(() => server.open.size === 8, { what: "eight connections to be kept" });
  reads.close();
});

Deno.test("an abort ends a question under way, closes its connection, and throws its reason", async () => {
  await using server = new Server();
  const reads = new SocketReads(server.path);
  await reads.get("/a", "it", NEVER);
  server.isSilent = true;
  const ending = new AbortController();
  const asked = reads.get("/b", "it", until(ending.signal));
  ending.abort(new Error("enough"));
  await assert.rejects(asked, /enough/);
  await assert.rejects(
    reads.get("/c", "it", until(ending.signal)),
    /enough/,
    "nor is anything asked after that",
  );
  await eventually(() => server.open.size === 0, { what: "the connection to be closed" });
  assert.equal(server.connections, 1);
  reads.close();
});

Deno.test("a question without an answer ends when its time is over, and its connection with it", async () => {
  await using server = new Server();
  server.isSilent = true;
  const reads = new SocketReads(server.path);
  await assert.rejects(reads.get("/a", "it", until(NEVER.signal, 20)), /it is late/);
  await eventually(() => server.open.size === 0, { what: "the connection to be closed" });
  reads.close();
});

Deno.test("what would end its line is not asked for", async () => {
  await using server = new Server();
  const reads = new SocketReads(server.path);
  for (const target of ["/a b", "/a\r\nX: y", "/ä", ""]) {
    await assert.rejects(reads.get(target, "it", NEVER), /cannot be asked for/);
  }
  assert.equal(server.connections, 0);
  reads.close();
});

Deno.test("a question that is answered after the end leaves no connection behind", async () => {
  await using server = new Server();
  const reads = new SocketReads(server.path);
  const asked = reads.get("/a", "it", NEVER);
  reads.close();
  assert.equal((await asked).text, "/a");
  await eventually(() => server.connections === 1 && server.open.size === 0, {
    what: "the connection to be closed",
  });
});
