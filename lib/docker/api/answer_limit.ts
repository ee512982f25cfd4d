/** The longest answer of an engine, and its longest line, in bytes: 10,000 containers with all their labels take a fifth. */
export const MOST_ANSWER_BYTES = 64 * 1024 * 1024;

/** An answer is longer than an engine's may be. */
export class AnswerTooLongError extends Error {
  override readonly name = "AnswerTooLongError";
  constructor(what: string, limit = `${MOST_ANSWER_BYTES / 1024 / 1024} MB`) {
    super(`${what} is longer than ${limit}, which is more than signalbox reads`);
  }
}

/** The longest list of an engine, in entries. Millions of them fit into the bytes of an answer, and each takes its time. */
export const MOST_ENTRIES = 100_000;

/** A list that is no longer than that; throws AnswerTooLongError. */
export function withinLimit<T>(list: readonly T[], what: string): readonly T[] {
  if (list.length > MOST_ENTRIES) throw new AnswerTooLongError(what, `${MOST_ENTRIES} entries`);
  return list;
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
