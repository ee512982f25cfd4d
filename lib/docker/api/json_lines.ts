import { AnswerTooLongError, MOST_ANSWER_BYTES } from "./answer_limit.ts";

/**
 * The JSON values of a stream, one a line, until it ends or the signal aborts. Throws on text that is no JSON, on
 * endless lines, and where the stream breaks.
 */
export async function* readJsonLines(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<unknown> {
  const reader = stream.getReader();
  // The read itself is ended: aborting a fetch whose answer has begun is not enough on every runtime.
  const cancel = () => void reader.cancel().catch(() => undefined);
  signal.addEventListener("abort", cancel, { once: true });
  const decoder = new TextDecoder();
  // A line that comes in parts is put together once: each time would take as long as the line is.
  let parts: string[] = [];
  let sizeBytes = 0;
  try {
    for (let chunk = await reader.read(); !chunk.done && !signal.aborted; chunk = await reader.read()) {
      const [end = "", ...others] = decoder.decode(chunk.value, { stream: true }).split("\n");
      parts.push(end);
      sizeBytes += chunk.value.length;
      if (others.length === 0) {
        if (sizeBytes > MOST_ANSWER_BYTES) throw new AnswerTooLongError("a line of the stream");
        continue;
      }
      const lines = [parts.join(""), ...others];
      parts = [lines.pop() ?? ""];
      sizeBytes = parts[0]?.length ?? 0;
      for (const line of lines) {
        if (line.trim() !== "") yield JSON.parse(line);
      }
    }
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}
