import * as v from "valibot";
import { DESCRIPTOR_SHARES } from "../../core/policy/descriptor_shares.ts";

/** How many inspects are under way at most, and how many answers are kept; beyond that, the oldest is dropped. */
const MOST = DESCRIPTOR_SHARES.earlyInspects;

const AnswerSchema = v.object({ State: v.object({ Running: v.literal(true), StartedAt: v.string() }) });

/**
 * Inspects of containers that their engine starts, sent when the first of their networks is connected. The engine answers
 * as soon as the start is done. So the answer arrives with the `start` event, without another round trip.
 */
export class PrefetchedInspects {
  #underWay = 0;
  readonly #sent = new Map<string, { readonly at: number; readonly answer: Promise<unknown> }>();

  /** Sends an inspect ahead; at `at`, in the engine's milliseconds since 1970, the start was still under way. */
  ask(id: string, at: number, inspect: () => Promise<unknown>): Promise<unknown> {
    this.#sent.delete(id);
    const answer = this.within(inspect).catch(() => undefined);
    this.#sent.set(id, { at, answer });
    for (const oldest of this.#sent.keys()) {
      if (this.#sent.size <= MOST) break;
      this.#sent.delete(oldest);
    }
    return answer;
  }

  /** Sends an inspect if there is room; else `undefined`: the container is read once it has started. */
  async within(inspect: () => Promise<unknown>): Promise<unknown> {
    if (this.#underWay >= MOST) return undefined;
    this.#underWay++;
    return await inspect().finally(() => this.#underWay--);
  }

  /** The answer, once; `undefined` where no inspect was sent, or where its answer is about an earlier start. */
  async take(id: string): Promise<unknown> {
    const sent = this.#sent.get(id);
    this.#sent.delete(id);
    const answer = await sent?.answer;
    const { success, output } = v.safeParse(AnswerSchema, answer);
    return sent !== undefined && success && Date.parse(output.State.StartedAt) >= sent.at
      ? answer
      : undefined;
  }

  /** Forgets the inspect of a container, or all. */
  forget(id?: string): void {
    if (id === undefined) this.#sent.clear();
    else this.#sent.delete(id);
  }
}
