/** How many last lines identify a place in a log; requests of one moment may have equal lines. */
const MOST = 16;

/**
 * How far a log was read that can only be read from its oldest line. The last lines that were read mark the place; lines
 * behind it are new.
 */
export class LogPosition {
  #last: readonly string[];
  /** Lines that were read since the log began anew, while the place is not found; `undefined` once it is. */
  #seen: string[] | undefined;

  constructor(last: readonly string[] = []) {
    this.#last = last.slice(-MOST);
  }

  /** The last lines that passed, the oldest first. */
  get last(): readonly string[] {
    return this.#last;
  }

  /** Whether lines were read, and the place is not among them so far. */
  get isSeeking(): boolean {
    return this.#seen !== undefined;
  }

  /** How many lines were read while the place was not found. */
  get seen(): number {
    return this.#seen?.length ?? 0;
  }

  /** The log is read from its oldest line again. */
  rewind(): void {
    this.#seen = this.#last.length === 0 ? undefined : [];
  }

  /** Takes lines as they are read; answers with those that are new. */
  take(lines: readonly string[]): readonly string[] {
    if (this.#seen === undefined) return this.#pass(lines);
    for (const line of lines) this.#seen.push(line);
    const at = findEnd(this.#seen, this.#last);
    return at === undefined ? [] : this.#pass(this.#seen.slice(at));
  }

  /**
   * Takes all that the log has at once, from its oldest line on, and answers with the lines that are new; `undefined` where
   * the place is not among them.
   */
  takeWhole(text: string): readonly string[] | undefined {
    this.rewind();
    // Most of it was read before, and is not taken apart again.
    const known = this.#last.map((line) => `${line}\n`).join("");
    const at = known === "" ? -1 : text.lastIndexOf(known);
    if (at === 0 || text[at - 1] === "\n") return this.#pass(linesOf(text.slice(at + known.length)));
    const fresh = this.take(linesOf(text));
    return this.isSeeking && this.seen > 0 ? undefined : fresh;
  }

  /** The log no longer has the place: all lines that were read are new, and those in between are lost. */
  giveUp(): readonly string[] {
    return this.#pass(this.#seen ?? []);
  }

  #pass(lines: readonly string[]): readonly string[] {
    this.#seen = undefined;
    if (lines.length > 0) this.#last = [...this.#last, ...lines.slice(-MOST)].slice(-MOST);
    return lines;
  }
}

/** Behind the last lines, all of them or those that the log still begins with; `undefined` where they are not there. */
function findEnd(lines: readonly string[], last: readonly string[]): number | undefined {
  for (let end = lines.length; end > 0; end--) {
    const count = Math.min(end, last.length);
    let same = 0;
    while (same < count && lines[end - 1 - same] === last[last.length - 1 - same]) same++;
    if (same === count) return end;
  }
  return undefined;
}

const linesOf = (text: string): string[] => text.split("\n").filter((line) => line !== "");
