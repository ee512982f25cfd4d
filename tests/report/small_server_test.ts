/** The server of the admin page and the control socket: who holds its connections keeps nobody else out. */
import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import { SmallServer } from "../../lib/report/small_server.ts";
import { eventually } from "../harness/eventually.ts";

const encoder = new TextEncoder();

async function onServer(
  most: number,
  act: (open: (text: string) => Promise<Deno.Conn>, server: SmallServer) => Promise<void>,
  limits = { headMs: 60_000, answerMs: 60_000 },
  answer: () => Promise<Response> = () => Promise.resolve(new Response("yes")),
): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const server = new SmallServer({
    listen: () => listener,
    most,
    clock: systemClock,
    answer,
    onError: () => new Response("", { status: 500 }),
    limits,
  });
  const opened: Deno.Conn[] = [];
  try {
    await act(async (text) => {
      const connection = await Deno.connect({ port });
      opened.push(connection);
      await connection.write(encoder.encode(text));
      return connection;
    }, server);
  } finally {
    for (const connection of opened) {
      try {
        connection.close();
      } catch {
        // Its reader closed it.
      }
    }
    await server.shutdown();
  }
}

const QUESTION = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const read = (connection: Deno.Conn) => new Response(connection.readable).text().catch(() => "");
const statusOf = async (connection: Deno.Conn) => Number((await read(connection)).split(" ")[1]);

Deno.test("where all connections are held by clients that say nothing, the oldest makes room", async () => {
  await onServer(3, async (open) => {
    const silent = [];
    for (let count = 0; count < 7; count++) silent.push(await open("GET / HTTP/1.1\r\n"));
    assert.equal(await statusOf(await open(QUESTION)), 200);
    assert.equal(await read(silent[0] as Deno.Conn), "");
    const [last] = silent.slice(-1);
    await last?.write(encoder.encode("Host: localhost\r\n\r\n"));
    assert.equal(await statusOf(last as Deno.Conn), 200);
  });
});

Deno.test("a client that asks slowly, or does not read its answer, is let go", async () => {
  await onServer(3, async (open) => {
    assert.equal(await read(await open("GET / HT")), "");
  }, { headMs: 50, answerMs: 60_000 });
  await onServer(
    3,
    async (open) => {
      // More than the socket holds, and nobody reads it.
      const silent = await open(QUESTION);
      const other = await open(QUESTION);
      let heard = 0;
      // Whoever reads slowly may be let go before the end of so much.
      await (async () => {
        for await (const part of other.readable) heard += part.length;
      })().catch(() => undefined);
      assert.ok(heard > 1_000, `${heard} bytes`);
      await eventually(() => silent.write(encoder.encode("x")).then(() => false, () => true), {
        what: "the connection to be closed",
      });
    },
    { headMs: 60_000, answerMs: 1_000 },
    () => Promise.resolve(new Response("x".repeat(20_000_000))),
  );
});

Deno.test("what is no question of HTTP/1 is refused", async () => {
  await onServer(10, async (open) => {
    const refused = [
      [400, "GET / HTTP/2\r\n\r\n"],
      [400, "GET /\r\n\r\n"],
      [400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"],
      [400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"],
      [400, "GET http://other/ HTTP/1.1\r\nHost: localhost\r\n\r\n"],
      [400, "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n"],
      [431, `GET / HTTP/1.1\r\nX: ${"x".repeat(20_000)}`],
    ] as const;
    for (const [status, text] of refused) {
      assert.equal(await statusOf(await open(text)), status, text.slice(0, 60));
    }
    assert.equal(
      await statusOf(await open("GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n")),
      200,
    );
  });
});

Deno.test("an answer that is under way ends before the server does", async () => {
  const begun = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  await onServer(
    3,
    async (open, server) => {
      const answered = statusOf(await open(QUESTION));
      await begun.promise;
      const ended = server.shutdown();
      go.resolve();
      assert.equal(await answered, 200);
      await ended;
      await server.finished;
    },
    undefined,
    async () => {
      begun.resolve();
      await go.promise;
      return new Response("yes");
    },
  );
});

Deno.test("no head holds the server itself: blanks without end, and what is no field, are refused at once", async () => {
  await onServer(9, async (open) => {
    for (const blanks of [" ", "\t", "\t "].map((each) => each.repeat(16_000 / each.length))) {
      const ask = async (field: string) =>
        await statusOf(await open(`GET / HTTP/1.1\r\nHost: localhost\r\n${field}\r\n\r\n`));
      assert.equal(await ask(`X:${blanks}`), 200);
      assert.equal(await ask(`X: a${blanks}b`), 200);
      for (
        const field of [
          `X:${blanks}\n`,
          `X:${blanks}a\nb`,
          `X:${blanks}\0`,
          `X${blanks}: a`,
          blanks,
          `:${blanks}`,
        ]
      ) {
        assert.equal(await ask(field), 400, JSON.stringify(field.slice(0, 5)));
      }
    }
  });
});
