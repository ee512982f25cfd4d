/** Answers of HTTP/1.1 are read rightly, however they are cut into parts. */
import assert from "node:assert/strict";
import { HttpAnswers } from "../../../lib/docker/api/http_answer.ts";

const encoder = new TextEncoder();

/** A connection that sends a text in parts of so many bytes, then ends. */
function sending(text: string, partBytes: number): Pick<Deno.Conn, "read"> {
  const bytes = encoder.encode(text);
  let sent = 0;
  return {
    read: (into) => {
      const part = bytes.subarray(sent, sent + Math.min(partBytes, into.length));
      into.set(part);
      sent += part.length;
      return Promise.resolve(part.length === 0 ? null : part.length);
    },
  };
}

const LONG = "ß".repeat(30_000);

const ANSWERS: Record<string, { readonly sent: string; readonly text: string; readonly isKept: boolean }> = {
  "with its length": {
    sent: "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nContent-Type: text/plain\r\n\r\ngröße",
    text: "größe",
    isKept: true,
  },
  "longer than what is read at once": {
    sent: `HTTP/1.1 200 OK\r\ncontent-length: ${2 * LONG.length}\r\n\r\n${LONG}`,
    text: LONG,
    isKept: true,
  },
  "in chunks": {
    sent:
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\ngrü\r\n00A\r\n0123456789\r\n0\r\nA: b\r\n\r\n",
    text: "grü0123456789",
    isKept: true,
  },
  "in chunks that are long": {
    sent: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nEA60\r\n${LONG}\r\n0\r\n\r\n`,
    text: LONG,
    isKept: true,
  },
  "to the connection's end": { sent: "HTTP/1.1 200 OK\r\n\r\nall of it", text: "all of it", isKept: false },
  "of a server that closes after it": {
    sent: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nOK",
    text: "OK",
    isKept: false,
  },
  "of HTTP/1.0": { sent: "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nOK", text: "OK", isKept: false },
  "after one that is only interim": {
    sent: "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK",
    text: "OK",
    isKept: true,
  },
  "without a body": { sent: "HTTP/1.1 204 No Content\r\n\r\n", text: "", isKept: true },
  "with lines that end as Unix's do": {
    sent: "HTTP/1.1 200 OK\ncontent-length: 2\n\nOK",
    text: "OK",
    isKept: true,
  },
};

for (const [how, { sent, text, isKept }] of Object.entries(ANSWERS)) {
  Deno.test(`an answer ${how} is read whole, in parts of any size`, async () => {
    for (const partBytes of [1, 2, 7, 100_000]) {
      const answer = await new HttpAnswers(sending(sent, partBytes)).next("it");
      assert.deepEqual({ text: answer.text, isKept: answer.isKept }, { text, isKept }, `${partBytes} bytes`);
    }
  });
}

Deno.test("long answers and short ones follow one another, in one piece and in chunks", async () => {
  const long = "x".repeat(600_000);
  const sized = (text: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
  const chunks = (long.match(/.{1,4000}/g) ?? []).map((part) => `${part.length.toString(16)}\r\n${part}\r\n`);
  const chunked = `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunks.join("")}0\r\n\r\n`;
  const answers = new HttpAnswers(
    sending([sized(long), sized("a"), chunked, sized("b")].join(""), 1_000_000),
  );
  for (const text of [long, "a", long, "b"]) assert.ok((await answers.next("it")).text === text);
});

Deno.test("a long answer in chunks of 200 bytes is read whole, and the next one like it", async () => {
  const body = "x".repeat(200);
  const chunked = `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${
    `c8\r\n${body}\r\n`.repeat(20_000)
  }0\r\n\r\n`;
  const answers = new HttpAnswers(sending(chunked + chunked, 1_000_000));
  for (let at = 0; at < 2; at++) assert.equal((await answers.next("it")).text.length, 4_000_000);
});

Deno.test("answers that follow one another on a connection are told apart", async () => {
  for (const partBytes of [1, 5]) {
    const { chunked, sized } = {
      chunked: "HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n",
      sized: "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nyes",
    };
    const answers = new HttpAnswers(sending(chunked + sized, partBytes));
    const first = await answers.next("it");
    const second = await answers.next("it");
    assert.deepEqual([first.status, first.text, second.status, second.text], [404, "no", 200, "yes"]);
  }
});

Deno.test("a connection with something behind the answer is not kept", async () => {
  const sent = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nOK and more";
  const { text, isKept } = await new HttpAnswers(sending(sent, 1_000)).next("it");
  assert.deepEqual({ text, isKept }, { text: "OK", isKept: false });
});

const BROKEN: Record<string, { readonly sent: string; readonly why: RegExp }> = {
  "nothing at all": { sent: "", why: /ended before an answer/ },
  "half a head": { sent: "HTTP/1.1 200 OK\r\nContent-Le", why: /was cut/ },
  "half a body": { sent: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", why: /was cut/ },
  "half a chunk": { sent: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf", why: /was cut/ },
  "no last chunk": {
    sent: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    why: /was cut/,
  },
  "a chunk of no size": {
    sent: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nhalf\r\n0\r\n\r\n",
    why: /without a size/,
  },
  "another protocol": { sent: "SSH-2.0-OpenSSH_9.2\r\n\r\n", why: /it is not HTTP/ },
  "a head without end": { sent: `HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(10_000)}`, why: /without an end/ },
  "chunks of one byte without end": {
    sent: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${"1\r\n \r\n".repeat(20_000)}0\r\n\r\n`,
    why: /lines around its body/,
  },
  "sizes of chunks that say much more": {
    sent: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${
      `1;${"x".repeat(10_000)}\r\n \r\n`.repeat(10)
    }0\r\n\r\n`,
    why: /lines around its body/,
  },
  "fields without end behind the last chunk": {
    sent: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${"a: b\r\n".repeat(20_000)}\r\n`,
    why: /lines around its body/,
  },
  "interim answers without end": {
    sent: `${"HTTP/1.1 100 Continue\r\n\r\n".repeat(5_000)}HTTP/1.1 204 No Content\r\n\r\n`,
    why: /lines around its body/,
  },
  "a line without end": { sent: "a".repeat(100_000), why: /without an end/ },
};

for (const [what, { sent, why }] of Object.entries(BROKEN)) {
  Deno.test(`${what} is an error`, async () => {
    for (const partBytes of [1, 1_000]) {
      await assert.rejects(new HttpAnswers(sending(sent, partBytes)).next("it"), why);
    }
  });
}
