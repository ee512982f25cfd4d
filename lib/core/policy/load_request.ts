/** How a reload that was asked for stands, and whether one is under way. */
export type LoadState =
  /** Nobody asks for a reload. */
  | "none"
  /** A reload is to be done, whatever differs. */
  | "asked"
  /** A reload is under way because the config differs. */
  | "loading"
  /** A requested reload is under way. */
  | "loading-asked"
  /** Another one was asked for since it began, which it does not do: a certificate may have been read already. */
  | "loading-asked-again"
  /** HAProxy refused these files. */
  | "refused"
  /** HAProxy refused these files, and a reload that was asked for with them. */
  | "owed";

/** What happens to it. */
export type LoadEvent =
  /** Somebody asks for a reload. */
  | "ask"
  /** A reload begins. */
  | "begin"
  /** A worker proved that it has loaded the files. */
  | "done"
  /** HAProxy refused the files for their content, and will refuse them again. */
  | "refuse"
  /** The reload failed otherwise, and may succeed the next time. */
  | "fail"
  /** What was refused may have been mended: a certificate that the files name. */
  | "retry";

/** Every state and event. A request leaves only by a reload that was proven, or by a newer request. */
export const LOAD_REQUEST = {
  "none": { ask: "asked", begin: "loading", done: "none", refuse: "none", fail: "none", retry: "none" },
  "asked": {
    ask: "asked",
    begin: "loading-asked",
    done: "asked",
    refuse: "asked",
    fail: "asked",
    retry: "asked",
  },
  "loading": {
    ask: "loading-asked-again",
    begin: "loading",
    done: "none",
    refuse: "refused",
    fail: "none",
    retry: "loading",
  },
  "loading-asked": {
    ask: "loading-asked-again",
    begin: "loading-asked",
    done: "none",
    refuse: "owed",
    fail: "asked",
    retry: "loading-asked",
  },
  "loading-asked-again": {
    ask: "loading-asked-again",
    begin: "loading-asked-again",
    done: "asked",
    refuse: "asked",
    fail: "asked",
    retry: "loading-asked-again",
  },
  "refused": {
    ask: "asked",
    begin: "loading",
    done: "refused",
    refuse: "refused",
    fail: "refused",
    retry: "none",
  },
  "owed": {
    ask: "asked",
    begin: "loading-asked",
    done: "owed",
    refuse: "owed",
    fail: "owed",
    retry: "asked",
  },
} as const satisfies Record<LoadState, Record<LoadEvent, LoadState>>;
