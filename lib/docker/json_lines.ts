/** No event of Docker's is near this long, in characters; a stream that sends longer lines is not Docker's. */
const LONGEST_LINE = 1_048_576;

/** The JSON values of a stream, one a line; throws on text that is no JSON and on endless lines. */
export async function* readJsonLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<unknown> {
  let rest = "";
  for await (
    const chunk of stream.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
  ) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LONGEST_LINE) {
      throw new Error(`a line of the stream is longer than ${LONGEST_LINE} characters`);
    }
    for (const line of lines) {
      if (line.trim() !== "") yield JSON.parse(line);
    }
  }
}
