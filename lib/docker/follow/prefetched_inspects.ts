import * as v from "valibot";
import { DESCRIPTOR_SHARES } from "../../core/policy/descriptor_shares.ts";

/** Questions that are under way at most, and answers that wait at most; of more, the oldest is forgotten. */
const MOST = DESCRIPTOR_SHARES.earlyInspects;

const AnswerSchema = v.object({ State: v.object({ Running: v.literal(true), StartedAt: v.string() }) });

/**
 * Inspects of containers that are being started, asked when the first of their networks is connected. The engine
 * answers one as soon as the start is done, so that the answer is there when the `start` event is, and not a question
 * later.
 */
export class PrefetchedInspects {
  #underWay = 0;
  readonly #asked = new Map<string, { readonly at: number; readonly answer: Promise<unknown> }>();

  /** Asks ahead; `at` is the engine's own time, in milliseconds since 1970, at which the start was still under way. */
  ask(id: string, at: number, inspect: () => Promise<unknown>): Promise<unknown> {
    this.#asked.delete(id);
    const answer = this.within(inspect).catch(() => undefined);
    this.#asked.set(id, { at, answer });
    for (const oldest of this.#asked.keys()) {
      if (this.#asked.size <= MOST) break;
      this.#asked.delete(oldest);
    }
    return answer;
  }

  /** Asks where there is room; else `undefined`: a container is read again once it has started. */
  async within(inspect: () => Promise<unknown>): Promise<unknown> {
    if (this.#underWay >= MOST) return undefined;
    this.#underWay++;
    return await inspect().finally(() => this.#underWay--);
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
