import type { Files } from "../../core/config/render.ts";
import type { Clock, Generation } from "../../ports.ts";

/** Generations that are kept, the current one and those before it, for a look back. */
const KEPT = 3;
/** How long after a set became current the old ones are removed, in milliseconds: HAProxy is spoken to first. */
const PRUNE_LATER_MS = 100;

/**
 * Sets of files, each in a folder of its own below `generations`, and the link `current` to the one that HAProxy
 * loads. A set becomes current by one rename, so that a config never stands beside a map of another generation.
 */
export class GenerationStore {
  readonly current: string;
  readonly #folder: string;
  readonly #mark: string;
  #last = 0;
  /** The folders that are kept, the current one last; numbers have gaps, since some generations are only tried out. */
  #kept: string[] = [];
  #pruning: Promise<void> = Promise.resolve();
  #cancelPruning: (() => void) | undefined;
  /** The folder that a running worker has loaded: what it was told since is not all that it has. */
  #held: string | undefined;

  constructor(readonly stateDir: string, readonly clock: Clock) {
    this.#folder = `${stateDir}/generations`;
    this.current = `${stateDir}/current`;
    this.#mark = `${stateDir}/loading`;
  }

  /** Makes the folders, private to us, finds out which numbers are taken, and removes what an earlier run left too many. */
  async open(loaded = 0): Promise<void> {
    await Deno.mkdir(this.stateDir, { recursive: true, mode: 0o700 });
    await Deno.chmod(this.stateDir, 0o700);
    await Deno.mkdir(this.#folder, { recursive: true, mode: 0o700 });
    // What cannot be written is told when we begin, and not once Docker has something to say.
    const trial = `${this.#folder}/.trial`;
    await Deno.writeTextFile(trial, "");
    await Deno.remove(trial);
    const names = (await Array.fromAsync(Deno.readDir(this.#folder))).map((entry) => entry.name);
    // Nor is the number that HAProxy has given again, whether or not its files are still there.
    this.#last = Math.max(loaded, ...names.map((name) => Number(name) || 0));
    const current = (await this.findCurrent())?.folder;
    const others = names.sort().map((name) => `${this.#folder}/${name}`).filter((folder) =>
      folder !== current
    );
    this.#kept = current === undefined ? others : [...others, current];
    await this.settled();
  }

  /** A load was begun whose end nobody saw: HAProxy may have what is current, or what was before it. */
  get isLoading(): boolean {
    return exists(this.#mark);
  }

  /** Notes that HAProxy is about to load what will be current. */
  beginLoading(): void {
    Deno.writeTextFileSync(this.#mark, "", { mode: 0o600 });
  }

  /** Notes that what is current is what HAProxy has. */
  endLoading(): void {
    removeQuietly(this.#mark);
  }

  /** The generation of a number, which need not be there. */
  find(number: number): Generation {
    return { number, folder: `${this.#folder}/${String(number).padStart(8, "0")}` };
  }

  /** Keeps a generation however old it gets, until another one is held: it tells what HAProxy has loaded. */
  hold(generation: Generation): void {
    this.#held = generation.folder;
  }

  /** The generation that is current, if there is one: left by an earlier run. */
  async findCurrent(): Promise<Generation | undefined> {
    try {
      const folder = await Deno.readLink(this.current);
      await Deno.stat(`${this.stateDir}/${folder}/haproxy.cfg`);
      return { number: Number(folder.split("/").at(-1)), folder: `${this.stateDir}/${folder}` };
    } catch {
      return undefined;
    }
  }

  /**
   * Writes a new set; what `files` returns may name the generation's own folder. Synchronous, here and in `promote`:
   * a handful of small files takes 0.2 ms this way, and ten times that through the thread pool.
   */
  write(files: (generation: Generation) => Files): Generation {
    const generation = this.find(++this.#last);
    const { folder } = generation;
    try {
      // All folders above it too, should someone have removed them.
      Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
      for (const [name, text] of files(generation)) {
        Deno.writeTextFileSync(`${folder}/${name}`, text, { mode: 0o600 });
      }
      return generation;
    } catch (error) {
      // A disk that is full is tried again and again: half a generation must not add to it each time.
      this.#last--;
      removeQuietly(folder);
      throw error;
    }
  }

  /** Makes a generation current, and has the one that is too old removed, which nobody waits for. */
  promote(generation: Generation): void {
    const link = `${this.stateDir}/current.new`;
    const target = `generations/${generation.folder.split("/").at(-1)}`;
    try {
      Deno.symlinkSync(target, link);
    } catch (error) {
      // It is there only if we ended in the middle of this once.
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      Deno.removeSync(link);
      Deno.symlinkSync(target, link);
    }
    Deno.renameSync(link, this.current);
    this.#kept = [...this.#kept.filter((folder) => folder !== generation.folder), generation.folder];
    this.#cancelPruning ??= this.clock.after(PRUNE_LATER_MS, () => this.#prune());
  }

  /** Resolves when what is too old has been removed. */
  async settled(): Promise<void> {
    this.#prune();
    await this.#pruning;
  }

  /** Removes a generation that is not to be used. */
  async discard(generation: Generation): Promise<void> {
    this.#kept = this.#kept.filter((folder) => folder !== generation.folder);
    await remove(generation.folder);
  }

  #prune(): void {
    this.#cancelPruning?.();
    this.#cancelPruning = undefined;
    const old = this.#kept.slice(0, -KEPT).filter((folder) => folder !== this.#held);
    if (old.length > 0) {
      this.#kept = this.#kept.filter((folder) => !old.includes(folder));
      this.#pruning = Promise.all([this.#pruning, ...old.map(remove)]).then(() => undefined);
    }
  }
}

async function remove(folder: string): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch(() => undefined);
}

function exists(path: string): boolean {
  try {
    return Deno.lstatSync(path).isFile;
  } catch {
    return false;
  }
}

function removeQuietly(folder: string): void {
  try {
    Deno.removeSync(folder, { recursive: true });
  } catch {
    // It was not even made.
  }
}
