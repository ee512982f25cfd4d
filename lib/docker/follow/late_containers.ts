import type { Reporter } from "../../ports.ts";
import { LateAnswerError } from "../api/modem.ts";

/** With more unanswered inspects than this the engine as a whole hangs: eight inspects are under way at once. */
const MOST_LATE = 8;

/** Containers whose inspect is late: an engine may hang on one container and answer for all others. */
export class LateContainers {
  #before: ReadonlySet<string> = new Set();
  #now = new Set<string>();

  constructor(readonly url: string, readonly report: Reporter) {}

  /** A list begins: containers that were late before are inspected again. */
  begin(): this {
    this.#now = new Set();
    return this;
  }

  /** Whether the read goes on without this container; any error but a late answer ends it. */
  allows(id: string, error: unknown): boolean {
    if (!(error instanceof LateAnswerError) || this.#now.size >= MOST_LATE) return false;
    this.#now.add(id);
    return true;
  }

  /** Whether a container has to be read again with the next list. */
  has(id: string): boolean {
    return this.#now.has(id);
  }

  /** A list was read: reports each late container once. */
  end(): void {
    for (const id of this.#now) {
      if (this.#before.has(id)) continue;
      this.report.tell({ kind: "container-late", source: this.url, container: id.slice(0, 12) });
    }
    this.#before = this.#now;
  }
}
