import assert from "node:assert/strict";
import { readJsonLines } from "../../../lib/docker/api/json_lines.ts";

const NEVER = new AbortController().signal;

async function read(...chunks: readonly (string | Uint8Array<ArrayBuffer>)[]): Promise<unknown[]> {
  const bytes = chunks.map((chunk) => typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk);
  return await Array.fromAsync(readJsonLines(ReadableStream.from(bytes), NEVER));
}

Deno.test("each line is a value, however the stream is cut into chunks", async () => {
  const text = '{"a": 1}\n\n{"b": "ü💥"}\r\n[]\n';
  const bytes = new TextEncoder().encode(text);
  for (let size = 1; size <= bytes.length; size++) {
    const chunks = Array.from(
      { length: Math.ceil(bytes.length / size) },
      (_, at) => bytes.slice(at * size, (at + 1) * size),
    );
    assert.deepEqual(await read(...chunks), [{ a: 1 }, { b: "ü💥" }, []], `chunks of ${size} bytes`);
  }
});

Deno.test("half a value at the end is not a value", async () => {
  assert.deepEqual(await read('{"a": 1}\n{"b": '), [{ a: 1 }]);
});

Deno.test("a line that is no JSON is an error, after the lines before it", async () => {
  const seen: unknown[] = [];
  await assert.rejects(async () => {
    const stream = ReadableStream.from([new TextEncoder().encode("1\n<html>\n")]);
    for await (const value of readJsonLines(stream, NEVER)) seen.push(value);
  }, SyntaxError);
  assert.deepEqual(seen, [1]);
});

Deno.test("a line without end is an error after 64 MB, not endless memory", async () => {
  let chunks = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      chunks++;
      controller.enqueue(new Uint8Array(1_048_576).fill(0x78));
    },
  });
  await assert.rejects(Array.fromAsync(readJsonLines(endless, NEVER)), /longer than 64 MB/);
  assert.ok(chunks <= 70, `${chunks} MB were read`);
});

Deno.test("a long line that comes in many parts is a value: a container may have many labels", async () => {
  const parts = Array.from({ length: 400 }, () => "x".repeat(10_000));
  const [value] = await read('"', ...parts, '"\n');
  assert.equal((value as string).length, 4_000_000);
});

Deno.test("an abort ends a stream that is silent", async () => {
  const ending = new AbortController();
  let isCancelled = false;
  const silent = new ReadableStream<Uint8Array>({ cancel: () => void (isCancelled = true) });
  const values = Array.fromAsync(readJsonLines(silent, ending.signal));
  ending.abort();
  assert.deepEqual([await values, isCancelled], [[], true]);
});
