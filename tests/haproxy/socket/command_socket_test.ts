/** Commands go to HAProxy in portions that it can take, each gets its own reply, and nobody waits for ever. */
import assert from "node:assert/strict";
import { systemClock } from "../../../lib/clock.ts";
import { ask, SocketError } from "../../../lib/haproxy/socket/cli_socket.ts";
import { CommandSocket } from "../../../lib/haproxy/socket/command_socket.ts";
import { want } from "../../changes/situation.ts";
import { eventually, settled } from "../../harness/eventually.ts";
import { HandClock } from "../../harness/hand_clock.ts";
import type { Clock } from "../../../lib/ports.ts";
import { called, onStage, programs, send } from "../stage.ts";

const COUNT = 5_000;

const sendAt = (path: string, clock: Clock = systemClock) =>
  new CommandSocket(path, clock).send(["show info"]);

for (const program of programs) {
  Deno.test(`${called(program)}: ${COUNT} commands get their own replies, long ones too`, () =>
    onStage(program, {}, async (stage) => {
      await stage.apply(want(stage.routing, "[]", {}));
      // Lines of 40 to 240 bytes, so that the portions end at all sorts of places.
      const keys = Array.from({ length: COUNT }, (_, at) => `${"k".repeat(1 + (at * 37) % 200)}${at}/`);
      const added = await send(stage, ...keys.map((key, at) => `add map hosts.map ${key} value_${at}`));
      assert.equal(added.length, COUNT);
      assert.deepEqual([...new Set(added.map((reply) => reply.trim()))], [""]);

      const got = await send(stage, ...keys.map((key) => `get map hosts.map ${key}`));
      const wrong = got.findIndex((reply, at) => !reply.includes(`value_${at}"`));
      assert.equal(wrong, -1, `reply ${wrong} is ${got[wrong]}`);

      const [map = "", after] = await send(stage, "show map hosts.map", "get map hosts.map nobody/");
      assert.equal(map.trim().split("\n").length, COUNT, "an answer of many buffers is read whole");
      assert.match(after ?? "", /found=no/);
    }));
}

Deno.test("a socket that takes everything and never answers is given up at the deadline", async () => {
  const clock = new HandClock();
  let taken = 0;
  await using silent = await serve(() => taken++);
  const untilTaken = (count: number) => eventually(() => taken === count, { what: "a connection" });

  const sent = assert.rejects(sendAt(silent.path, clock), (error: Error) => {
    assert.ok(error instanceof SocketError);
    assert.match(error.message, /cannot send 1 command to HAProxy .* no answer within \d+ ms/);
    return true;
  });
  await untilTaken(1);
  clock.pass(5_000);
  await sent;

  const asked = assert.rejects(ask(silent.path, "show info", clock), /no answer within \d+ ms/);
  await untilTaken(2);
  clock.pass(5_000);
  await asked;
});

Deno.test("a socket that takes a connection only after the deadline is given up as well", async () => {
  const clock = new HandClock();
  await using silent = await serve(() => undefined);
  const sent = assert.rejects(sendAt(silent.path, clock), /no answer within \d+ ms/);
  const asked = assert.rejects(ask(silent.path, "show info", clock), /no answer within \d+ ms/);
  // Nothing is connected yet.
  clock.pass(5_000);
  await Promise.all([sent, asked]);
});

Deno.test("a socket that closes in the middle of the replies is an error, not an answer", async () => {
  await using rude = await serve(async (connection) => {
    await connection.read(new Uint8Array(100));
    await connection.write(new TextEncoder().encode("\n> half a rep"));
    connection.close();
  });
  await assert.rejects(sendAt(rude.path), SocketError);
});

/** Answers each line that is read with what `reply` says of it, after the prompt; `close` closes instead. */
async function converse(connection: Deno.Conn, reply: (line: string) => string): Promise<void> {
  const lines = connection.readable.pipeThrough(new TextDecoderStream());
  const writer = connection.writable.getWriter();
  for await (const text of lines) {
    for (const line of text.split("\n").slice(0, -1)) {
      if (reply(line) === "close") return connection.close();
      await writer.write(new TextEncoder().encode(`${reply(line)}\n> `));
    }
  }
}

for (
  const [when, last] of [["before it is asked", "prompt"], ["once it is spoken to", "add map x y z"]] as const
) {
  Deno.test(`a session that was opened ahead and ended ${when} is replaced by a fresh one`, async () => {
    let sessions = 0;
    await using socket = await serve((connection) => {
      const isFirst = sessions++ === 0;
      return converse(connection, (line) => {
        if (isFirst && line === last) return "close";
        return line === "show info" ? "Pid: 7" : line === "prompt" ? "" : `did ${line}`;
      });
    });
    const commands = new CommandSocket(socket.path, systemClock);
    commands.openAhead();
    assert.deepEqual(await commands.send(["add map x y z", "b"], 7), ["did add map x y z", "did b"]);
    assert.equal(sessions, 2);
  });
}

Deno.test("replies whose ends come in pieces, or several at once, are told apart", async () => {
  const text = "\n> one\n>\n> > two\n\n> \n> ";
  for (const size of [1, 2, 3, 5, 100]) {
    await using socket = await serve(async (connection) => {
      await connection.read(new Uint8Array(100));
      for (let at = 0; at < text.length; at += size) {
        await connection.write(new TextEncoder().encode(text.slice(at, at + size)));
        // The other side reads what there is before more follows.
        await settled();
      }
    });
    const replies = await new CommandSocket(socket.path, systemClock).send(["a", "b", "c"]);
    assert.deepEqual(replies, ["one\n>", "> two\n", ""], `in pieces of ${size}`);
  }
});

Deno.test("a worker that has stopped its proxies is not the one that is meant", async () => {
  let sessions = 0;
  await using socket = await serve((connection) => {
    const isOld = sessions++ === 0;
    return converse(connection, (line) => {
      if (line === "show info") return "Pid: 7";
      return isOld && line === "enable health a/b" ? "Proxy is disabled.\n" : "";
    });
  });
  const commands = new CommandSocket(socket.path, systemClock);
  assert.deepEqual(await commands.send(["enable health a/b"], 7), [""]);
  assert.equal(sessions, 2);
});

Deno.test("a socket that is not there is an error that names it", async () => {
  await assert.rejects(sendAt("/nowhere/haproxy.sock"), /at \/nowhere\/haproxy\.sock/);
});

/** A socket whose connections are answered by `answer`. */
async function serve(
  answer: (connection: Deno.Conn) => unknown,
): Promise<{ readonly path: string } & AsyncDisposable> {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-socket-" });
  const path = `${folder}/socket`;
  const listener = Deno.listen({ transport: "unix", path });
  const connections: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const connection of listener) {
      connections.push(connection);
      await answer(connection);
    }
  })();
  return {
    path,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      for (const connection of connections) {
        try {
          connection.close();
        } catch {
          // The answer closed it.
        }
      }
      await Deno.remove(folder, { recursive: true });
    },
  };
}
