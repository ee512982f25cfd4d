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
  // Cancels the read itself: not every runtime does so when a fetch is aborted whose answer has begun.
  const cancel = () => void reader.cancel().catch(() => undefined);
  signal.addEventListener("abort", cancel, { once: true });
  const decoder = new TextDecoder();
  // The parts of a line are joined once, at its end: joining at each part would take quadratic time.
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
