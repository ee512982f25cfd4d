import * as v from "valibot";

/** Questions that are under way at most; of more, the oldest is forgotten. */
const MOST = 64;

const AnswerSchema = v.object({ State: v.object({ Running: v.literal(true), StartedAt: v.string() }) });

/**
 * Inspects of containers that are being started, asked when the first of their networks is connected. The engine
 * answers one as soon as the start is done, so that the answer is there when the `start` event is, and not a question
 * later.
 */
export class PrefetchedInspects {
  readonly #asked = new Map<string, { readonly at: number; readonly answer: Promise<unknown> }>();

  /** Asks ahead; `at` is the engine's own time, in milliseconds since 1970, at which the start was still under way. */
  ask(id: string, at: number, inspect: Promise<unknown>): void {
    this.#asked.delete(id);
    this.#asked.set(id, { at, answer: inspect.catch(() => undefined) });
    for (const oldest of this.#asked.keys()) {
      if (this.#asked.size <= MOST) break;
      this.#asked.delete(oldest);
    }
  }

  /** The answer, once; `undefined` where none was asked for, or where it does not tell of the start that was meant. */
  async take(id: string): Promise<unknown> {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    const answer = await asked?.answer;
    const { success, output } = v.safeParse(AnswerSchema, answer);
    return asked !== undefined && success && Date.parse(output.State.StartedAt) >= asked.at
      ? answer
      : undefined;
  }

  /** Forgets what was asked of a container, or of all. */
  forget(id?: string): void {
    if (id === undefined) this.#asked.clear();
    else this.#asked.delete(id);
  }
}
