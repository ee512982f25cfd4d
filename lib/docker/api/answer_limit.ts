/** The longest answer of an engine, and its longest line, in bytes: 10,000 containers with all their labels take a fifth. */
export const MOST_ANSWER_BYTES = 64 * 1024 * 1024;

/** An answer is longer than an engine's may be. */
export class AnswerTooLongError extends Error {
  override readonly name = "AnswerTooLongError";
  constructor(what: string) {
    super(`${what} is longer than ${MOST_ANSWER_BYTES / 1024 / 1024} MB, which is more than signalbox reads`);
  }
}

/** The text of an answer that comes in parts. */
export class AnswerText {
  readonly #decoder = new TextDecoder();
  #text = "";
  #sizeBytes = 0;

  constructor(readonly what: string) {}

  /** Adds a part, which may be used for something else after that; throws AnswerTooLongError. */
  add(part: Uint8Array): void {
    this.#sizeBytes += part.length;
    if (this.#sizeBytes > MOST_ANSWER_BYTES) throw new AnswerTooLongError(this.what);
    this.#text += this.#decoder.decode(part, { stream: true });
  }

  /** All of it. */
  end(): string {
    return this.#text + this.#decoder.decode();
  }
}

/** The text of an answer; throws AnswerTooLongError, and reads no further, where it is too long. */
export async function readAnswer(response: Response, what: string): Promise<string> {
  const text = new AnswerText(what);
  // Leaving the loop by a throw cancels the rest.
  for await (const part of response.body ?? []) text.add(part);
  return text.end();
}
