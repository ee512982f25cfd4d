import { eventToLine, lineToEvent } from "../core/status/event_lines.ts";
import type { KeptEvent } from "../core/status/history.ts";
import type { Clock } from "../ports.ts";

/** How long events wait for others before they are written, in milliseconds. */
const WRITE_LATER_MS = 200;
/** The size of one file, in bytes; there are two. */
const MOST_BYTES = 524_288;
/** Events that wait while the file cannot be written. */
const MOST_WAITING = 500;
/** What is looked through of a file that somebody has made larger, from its end, in bytes. */
const MOST_READ = 16_777_216;
/** The longest line that is read, in characters: an event with all its text and fields spelt out has half of them. */
const LONGEST_LINE = 65_536;

/** What an EventFile is made of. */
export type EventFileParts = {
  readonly clock: Clock;
  /** Hears why events cannot be written: once, until they can. */
  readonly onFailure: (error: unknown) => void;
  readonly mostBytes?: number;
};

/**
 * The events in the state directory, a line of JSON each: `events.jsonl`, and `events.old.jsonl` with those before, once the
 * first is full. Writing never holds up who tells an event.
 */
export class EventFile {
  readonly #path: string;
  readonly #oldPath: string;
  #waiting: string[] = [];
  #writing: Promise<void> = Promise.resolve();
  #cancel: (() => void) | undefined;
  /** The file may end in the middle of a line, which a full disk or an end by force has cut off. */
  #isCut = true;
  #isFailing = false;

  constructor(stateDir: string, readonly parts: EventFileParts) {
    this.#path = `${stateDir}/events.jsonl`;
    this.#oldPath = `${stateDir}/events.old.jsonl`;
  }

  /** Writes an event soon. */
  add(event: KeptEvent): void {
    this.#waiting.push(eventToLine(event));
    if (this.#waiting.length > MOST_WAITING) this.#waiting.shift();
    this.#cancel ??= this.parts.clock.after(WRITE_LATER_MS, () => void this.flush());
  }

  /** Resolves when all events so far are written, or could not be. */
  async flush(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    await this.#writing;
  }

  /** All events that the files have, the oldest first; lines that are none are left out. */
  async read(): Promise<readonly KeptEvent[]> {
    const texts = await Promise.all([this.#oldPath, this.#path].map((path) => this.#readEnd(path)));
    const events = texts.flat().flatMap((line) => lineToEvent(line) ?? []);
    return events.sort((a, b) => a.id - b.id);
  }

  get #most(): number {
    return this.parts.mostBytes ?? MOST_BYTES;
  }

  async #write(): Promise<void> {
    const lines = this.#waiting;
    if (lines.length === 0) return;
    this.#waiting = [];
    try {
      await this.#append(lines.map((line) => `${line}\n`).join(""));
      this.#isFailing = false;
    } catch (error) {
      this.#isCut = true;
      this.#waiting = [...lines, ...this.#waiting].slice(-MOST_WAITING);
      if (this.#isFailing) return;
      this.#isFailing = true;
      this.parts.onFailure(error);
    }
  }

  /** Opens the file anew each time: while one signalbox hands over to the next, both write. */
  async #append(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(this.#isCut ? `\n${text}` : text);
    const { size, isFile } = await Deno.lstat(this.#path).catch(() => ({ size: 0, isFile: true }));
    // A link leads to somebody's file, and opening a pipe waits for whoever reads it.
    if (!isFile) throw new Error(`${this.#path} is no regular file`);
    if (size > 0 && size + bytes.length > this.#most) await Deno.rename(this.#path, this.#oldPath);
    await Deno.writeFile(this.#path, bytes, { append: true, mode: 0o600 });
    this.#isCut = false;
  }

  /** The last lines of a file, as many bytes of them as two files may have; nothing where there is none. */
  async #readEnd(path: string): Promise<readonly string[]> {
    let file: Deno.FsFile;
    try {
      if (!(await Deno.lstat(path)).isFile) return [];
      file = await Deno.open(path);
    } catch {
      return [];
    }
    using open = file;
    const { size } = await open.stat();
    if (size > MOST_READ) await open.seek(size - MOST_READ, Deno.SeekMode.Start);
    const lines = new LastLines(2 * this.#most);
    const decoder = new TextDecoder();
    const bytes = new Uint8Array(65_536);
    for (let left = MOST_READ; left > 0;) {
      const count = await open.read(bytes);
      if (count === null) break;
      left -= count;
      lines.add(decoder.decode(bytes.subarray(0, count), { stream: true }));
    }
    return lines.end();
  }
}

/** Keeps the last lines of a text that comes in pieces, and none that is too long for an event. */
class LastLines {
  readonly #lines: string[] = [];
  #size = 0;
  #rest = "";

  /** `most` is how many characters of lines are kept. */
  constructor(readonly most: number) {}

  add(piece: string): void {
    const [first = "", ...others] = piece.split("\n");
    this.#lengthen(first);
    for (const next of others) {
      this.#finish();
      this.#lengthen(next);
    }
  }

  /** The lines, the last one also where nothing ends it. */
  end(): readonly string[] {
    this.#finish();
    return this.#lines;
  }

  /** Of a line that is too long, only that it is so is kept. */
  #lengthen(piece: string): void {
    if (this.#rest.length <= LONGEST_LINE) this.#rest += piece;
  }

  #finish(): void {
    if (this.#rest.length <= LONGEST_LINE) {
      this.#lines.push(this.#rest);
      this.#size += this.#rest.length;
      while (this.#size > this.most) this.#size -= this.#lines.shift()?.length ?? 0;
    }
    this.#rest = "";
  }
}
