/** How the owned HAProxy stands. */
export type ProcessState = "absent" | "starting" | "serving" | "waiting" | "ending" | "ended";
/** What happens to it: we want it, it proved that it serves, it exited, the backoff is over, we want it gone. */
export type ProcessEvent = "start" | "proved" | "exited" | "due" | "end";
/** What is to be done about it. `delay` waits for the backoff, then says `due`. */
export type ProcessCommand = "spawn" | "delay" | "terminate" | "none";
/** A cell of the table. */
export type Step = { readonly next: ProcessState; readonly command: ProcessCommand };

const stay = (next: ProcessState): Step => ({ next, command: "none" });

/** Every state and event. After an unexpected exit a new process starts, with a delay. */
export const SUPERVISION = {
  absent: {
    start: { next: "starting", command: "spawn" },
    proved: stay("absent"),
    exited: stay("absent"),
    due: stay("absent"),
    end: stay("ended"),
  },
  starting: {
    start: stay("starting"),
    proved: stay("serving"),
    exited: { next: "waiting", command: "delay" },
    due: stay("starting"),
    end: { next: "ending", command: "terminate" },
  },
  serving: {
    start: stay("serving"),
    proved: stay("serving"),
    exited: { next: "waiting", command: "delay" },
    due: stay("serving"),
    end: { next: "ending", command: "terminate" },
  },
  waiting: {
    start: { next: "starting", command: "spawn" },
    proved: stay("waiting"),
    exited: stay("waiting"),
    due: { next: "starting", command: "spawn" },
    end: stay("ended"),
  },
  ending: {
    start: stay("ending"),
    proved: stay("ending"),
    exited: stay("ended"),
    due: stay("ending"),
    end: stay("ending"),
  },
  ended: {
    start: stay("ended"),
    proved: stay("ended"),
    exited: stay("ended"),
    due: stay("ended"),
    end: stay("ended"),
  },
} as const satisfies Record<ProcessState, Record<ProcessEvent, Step>>;
