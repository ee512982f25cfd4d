/** No event of Docker's is near this long, in characters; a stream that sends longer lines is not Docker's. */
const LONGEST_LINE = 1_048_576;

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
  let rest = "";
  try {
    for (let chunk = await reader.read(); !chunk.done && !signal.aborted; chunk = await reader.read()) {
      const lines = (rest + decoder.decode(chunk.value, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > LONGEST_LINE) {
        throw new Error(`a line of the stream is longer than ${LONGEST_LINE} characters`);
      }
      for (const line of lines) {
        if (line.trim() !== "") yield JSON.parse(line);
      }
    }
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}
