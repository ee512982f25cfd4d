import { messageOf } from "../../core/values/message_of.ts";
import type { Reporter } from "../../ports.ts";
import { AnswerTooLongError } from "../api/answer_limit.ts";

/** What is wrong with an engine: one line for one trouble, however often it occurs. */
export class Complaint {
  /** Why signalbox cannot follow the engine; empty where it can. */
  why = "";
  /** An answer was too long, and will be again: a new connection alone does not end this trouble. */
  #isLasting = false;

  constructor(readonly url: string, readonly report: Reporter) {}

  /** Tells why signalbox cannot follow the engine. */
  tell(error: unknown): void {
    this.#isLasting = error instanceof AnswerTooLongError;
    const why = messageOf(error);
    if (why === this.why) return;
    this.why = why;
    this.report.tell({ kind: "engine-lost", source: this.url, why });
  }

  /** It answers and sends events. */
  connected(engine: string): void {
    if (this.#isLasting) return;
    this.report.tell({ kind: "engine-found", source: this.url, engine });
    this.why = "";
  }

  /** It has listed its containers. */
  listed(): void {
    if (this.#isLasting) this.report.tell({ kind: "engine-readable", source: this.url });
    this.#isLasting = false;
    this.why = "";
  }
}
