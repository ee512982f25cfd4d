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

/**
 * How many values an answer may have, told by the signs that begin or part them: 100,000 containers have some 6,000,000. Millions more,
 * or as many lists within one another, take gigabytes. What is short is not counted.
 */
const MOST_VALUES = 10_000_000;
const SHORT_BYTES = 1_048_576;
const COMMA = 44, BRACKET = 91, BRACE = 123;

/** The text of an answer that comes in parts. */
export class AnswerText {
  readonly #decoder = new TextDecoder();
  #text = "";
  #sizeBytes = 0;
  #values = 0;

  constructor(readonly what: string) {}

  /** Adds a part, which may be used for something else after that; throws AnswerTooLongError. */
  add(part: Uint8Array): void {
    this.#sizeBytes += part.length;
    if (this.#sizeBytes > MOST_ANSWER_BYTES) throw new AnswerTooLongError(this.what);
    if (this.#sizeBytes > SHORT_BYTES) this.#count(part);
    this.#text += this.#decoder.decode(part, { stream: true });
  }

  #count(part: Uint8Array): void {
    let values = 0;
    // The fastest way through megabytes.
    for (let at = 0; at < part.length; at++) {
      const byte = part[at];
      if (byte === COMMA || byte === BRACKET || byte === BRACE) values++;
    }
    this.#values += values;
    if (this.#values > MOST_VALUES) throw new AnswerTooLongError(this.what, `${MOST_VALUES} values`);
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
