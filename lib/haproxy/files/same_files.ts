import type { Files } from "../../core/config/render.ts";

/** Longer texts are not remembered, in characters: the config of many hosts differs each time. */
const LONGEST = 32_768;

/** A file as it was written. */
type Written = { readonly text: string; readonly ino: number | null; readonly changedAt: number | undefined };

/** The files of one set, and where they are. */
type Folder = { readonly path: string; readonly files: ReadonlyMap<string, Written> };

/**
 * Writes sets of files, each into a folder of its own. Most files of a set are those of the one before: they are linked, which
 * takes a tenth of the time of writing them, and of what a change waits for.
 */
export class SameFiles {
  #last: Folder | undefined;
  #next: Folder | undefined;

  /** Writes a set, as private files. Synchronous: a handful of small files takes ten times as long through the thread pool. */
  write(path: string, files: Files): void {
    const written = new Map<string, Written>();
    for (const [name, text] of files) {
      const file = this.#link(name, text, path) ?? writeFile(`${path}/${name}`, text);
      if (file !== undefined) written.set(name, file);
    }
    this.#next = { path, files: written };
  }

  /** The set of a folder stays: the next one may have files of it. */
  keep(path: string): void {
    if (this.#next?.path === path) this.#last = this.#next;
  }

  /** Links a file that is the same, and as it was written: somebody may have changed it, or it is gone. */
  #link(name: string, text: string, path: string): Written | undefined {
    const file = this.#last?.files.get(name);
    if (file?.text !== text) return undefined;
    try {
      const before = `${this.#last?.path}/${name}`;
      const { ino, mtime } = Deno.lstatSync(before);
      if (ino !== file.ino || mtime?.getTime() !== file.changedAt) return undefined;
      Deno.linkSync(before, `${path}/${name}`);
      return file;
    } catch {
      // Written anew, where the folder is gone or its filesystem has no links.
      return undefined;
    }
  }
}

function writeFile(path: string, text: string): Written | undefined {
  Deno.writeTextFileSync(path, text, { mode: 0o600 });
  if (text.length > LONGEST) return undefined;
  const { ino, mtime } = Deno.lstatSync(path);
  return { text, ino, changedAt: mtime?.getTime() };
}
