import { LOAD_REQUEST, type LoadEvent, type LoadState } from "../core/policy/load_request.ts";
import type { ReloadReason } from "../core/plan/reload_reason.ts";
import type { Files } from "../core/config/render.ts";

/** Whether a reload is asked for, under way, refused or owed: `LOAD_REQUEST` with its reason and files. */
export class LoadRequest {
  #state: LoadState = "none";
  #reason: ReloadReason | undefined;
  #files: Files | undefined;

  /** A load is under way: commands wait until it is done, but for those that drain servers. */
  get isLoading(): boolean {
    return this.#state.startsWith("loading");
  }

  /** Why a load is wanted that is neither done nor under way. */
  get asked(): ReloadReason | undefined {
    return this.#state === "asked" || this.#state === "loading-asked-again" ? this.#reason : undefined;
  }

  /** HAProxy refused a load that was asked for. */
  get isOwed(): boolean {
    return this.#state === "owed";
  }

  /** Asks for a load although no file differs: a certificate may have changed, or HAProxy has diverged. */
  ask(reason: ReloadReason): void {
    this.#reason = reason;
    this.tell("ask");
  }

  /** HAProxy refused these files. */
  refuse(files: Files): void {
    this.#files = files;
    this.tell("refuse");
  }

  /** Tells any other event. */
  tell(event: LoadEvent): void {
    this.#state = LOAD_REQUEST[this.#state][event];
  }

  /** Whether these files were refused, as they are. */
  hasRefused(files: Files): boolean {
    return (this.#state === "refused" || this.#state === "owed") && isSameFiles(this.#files, files);
  }
}

/** Whether two sets of files say the same. */
export function isSameFiles(a: Files | undefined, b: Files): boolean {
  return a !== undefined && a.size === b.size && [...b].every(([name, text]) => a.get(name) === text);
}
