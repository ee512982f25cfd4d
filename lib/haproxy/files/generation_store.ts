import type { CertificateSet } from "../../core/certificates/choose.ts";
import type { Files } from "../../core/config/render.ts";
import type { Clock, Generation } from "../../ports.ts";
import { CERTIFICATE_FOLDER, CertificateFolders } from "./certificate_folder.ts";
import { SameFiles } from "./same_files.ts";
import { lookQuietly, removeQuietly } from "./quietly.ts";

/** How many generations are kept: the current one and those before it, for people who look back. */
const KEPT = 3;
/** How long after a generation became current the old ones are removed, in milliseconds: commands to HAProxy go first. */
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
  /** The folder that the running worker has loaded, which also tells what it has. */
  #held: string | undefined;
  readonly #certificates: CertificateFolders;
  readonly #same = new SameFiles();

  constructor(readonly stateDir: string, readonly clock: Clock) {
    this.#folder = `${stateDir}/generations`;
    this.current = `${stateDir}/current`;
    this.#mark = `${stateDir}/loading`;
    this.#certificates = new CertificateFolders(stateDir);
  }

  /** Makes the private folders, finds out which numbers are taken, and removes surplus generations of an earlier run. */
  async open(loaded = 0): Promise<void> {
    await Deno.mkdir(this.stateDir, { recursive: true, mode: 0o700 });
    await Deno.chmod(this.stateDir, 0o700);
    await Deno.mkdir(this.#folder, { recursive: true, mode: 0o700 });
    // A folder that cannot be written fails the start, and not the first change.
    const trial = `${this.#folder}/.trial`;
    await Deno.writeTextFile(trial, "");
    await Deno.remove(trial);
    const names = (await Array.fromAsync(Deno.readDir(this.#folder))).map((entry) => entry.name);
    // The number that HAProxy has loaded is not used again, even if its files are gone.
    this.#last = Math.max(loaded, ...names.map((name) => Number(name) || 0));
    const current = this.findCurrent()?.folder;
    const others = names.sort().map((name) => `${this.#folder}/${name}`).filter((folder) =>
      folder !== current
    );
    this.#kept = current === undefined ? others : [...others, current];
    await this.settled();
  }

  /** A load began whose end no signalbox saw: HAProxy may have the current generation, or the one before. */
  get isLoading(): boolean {
    return lookQuietly(this.#mark)?.isFile === true;
  }

  /** Notes that a load begins. */
  beginLoading(): void {
    Deno.writeTextFileSync(this.#mark, "", { mode: 0o600 });
  }

  /** Notes that HAProxy has the current generation. */
  endLoading(): void {
    removeQuietly(this.#mark);
  }

  /** The generation of a number, which need not be there. */
  find(number: number): Generation {
    return { number, folder: `${this.#folder}/${String(number).padStart(8, "0")}` };
  }

  /** The folder of the generation that HAProxy has loaded, where that is known and still there. */
  get held(): string | undefined {
    return this.#held !== undefined && lookQuietly(this.#held)?.isDirectory === true ? this.#held : undefined;
  }

  /** Keeps a generation that HAProxy has loaded, whatever its age, until another one is held. */
  hold(generation: Generation): void {
    this.#held = generation.folder;
  }

  /** The generation that is current, if there is one: left by an earlier run. */
  findCurrent(): Generation | undefined {
    try {
      const folder = Deno.readLinkSync(this.current);
      Deno.statSync(`${this.stateDir}/${folder}/haproxy.cfg`);
      return { number: Number(folder.split("/").at(-1)), folder: `${this.stateDir}/${folder}` };
    } catch {
      return undefined;
    }
  }

  /** The folder of the set that was current before the current one; `undefined` where it is not kept. */
  get previous(): string | undefined {
    return this.#kept.at(-2);
  }

  /**
   * Writes a new set; what `files` returns may name the generation's own folder. Synchronous, here and in `promote`:
   * a handful of small files takes ten times as long through the thread pool.
   */
  write(files: (generation: Generation) => Files, certificates?: CertificateSet): Generation {
    const generation = this.find(++this.#last);
    const { folder } = generation;
    try {
      // All folders above it too, should someone have removed them.
      Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
      this.#same.write(folder, files(generation));
      if (certificates !== undefined) {
        Deno.symlinkSync(this.#certificates.write(certificates), `${folder}/${CERTIFICATE_FOLDER}`);
      }
      return generation;
    } catch (error) {
      // On a full disk each pass tries again: half a generation must not stay behind each time.
      this.#last--;
      removeQuietly(folder);
      throw error;
    }
  }

  /** Makes a generation current; those that are too old are removed later. */
  promote(generation: Generation): void {
    const link = `${this.stateDir}/current.new`;
    const target = `generations/${generation.folder.split("/").at(-1)}`;
    try {
      Deno.symlinkSync(target, link);
    } catch (error) {
      // The link is there only if signalbox once ended in the middle of this.
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      Deno.removeSync(link);
      Deno.symlinkSync(target, link);
    }
    Deno.renameSync(link, this.current);
    this.#same.keep(generation.folder);
    this.#kept = [...this.#kept.filter((folder) => folder !== generation.folder), generation.folder];
    this.#cancelPruning ??= this.clock.after(PRUNE_LATER_MS, () => this.#prune());
  }

  /** Resolves when old generations have been removed. */
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
      this.#pruning = Promise.all([this.#pruning, ...old.map(remove)]).then(() =>
        this.#certificates.prune([...this.#kept, ...this.#held === undefined ? [] : [this.#held]])
      );
    }
  }
}

async function remove(folder: string): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch(() => undefined);
}
