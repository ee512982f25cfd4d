import type { Reporter } from "../../ports.ts";
import { LateAnswerError } from "../api/modem.ts";

/** An engine that leaves more of its containers unanswered hangs as a whole: it holds eight inspects at once. */
const MOST_LATE = 8;

/** Containers that their engine has not told of in time: it may hang on one of them and answer for all others. */
export class LateContainers {
  #before: ReadonlySet<string> = new Set();
  #now = new Set<string>();

  constructor(readonly url: string, readonly report: Reporter) {}

  /** A list begins; what was late before is asked for again. */
  begin(): this {
    this.#now = new Set();
    return this;
  }

  /** Whether the others are waited for without this one; an error that is none of a late answer is never. */
  allows(id: string, error: unknown): boolean {
    if (!(error instanceof LateAnswerError) || this.#now.size >= MOST_LATE) return false;
    this.#now.add(id);
    return true;
  }

  /** Whether one has to be read again with the next list. */
  has(id: string): boolean {
    return this.#now.has(id);
  }

  /** A list was read: tells once of each that is late. */
  end(): void {
    for (const id of this.#now) {
      if (this.#before.has(id)) continue;
      this.report.tell({ kind: "container-late", source: this.url, container: id.slice(0, 12) });
    }
    this.#before = this.#now;
  }
}
