import type { Operation } from "../runtime/operation.ts";
import type { Event } from "./event.ts";
import { type Durations, Histogram } from "./histogram.ts";

/** How a change came to HAProxy: by commands, by a reload, or as the drain of servers whose containers end. */
export type Way = "commands" | "reload" | "drain";

/** What was counted of all changes since the start. */
export type Tallied = {
  /** From what began a change, an engine's event or a container's answer, to HAProxy's own answer. */
  readonly applied: Readonly<Record<Way, Durations>>;
  /** Changes of HAProxy by commands, by their kind. */
  readonly changes: Readonly<Record<string, number>>;
};

/** Every kind of change: all of them are told of from the start, so that the first one is a rise. */
const KINDS: Readonly<Record<Operation["kind"], true>> = {
  "add-backend": true,
  "publish-backend": true,
  "unpublish-backend": true,
  "delete-backend": true,
  "add-server": true,
  "renew-cookies": true,
  "set-state": true,
  "set-weight": true,
  "add-row": true,
  "set-row": true,
  "delete-row": true,
  "swap-table": true,
  "delete-server": true,
  "add-certificate": true,
  "set-certificate": true,
  "delete-certificate": true,
  "add-named": true,
  "set-named": true,
  "delete-named": true,
};

/** Counts what events tell of changes, for the metrics. */
export class Tally {
  readonly #applied: Readonly<Record<Way, Histogram>> = {
    commands: new Histogram(),
    reload: new Histogram(),
    drain: new Histogram(),
  };
  readonly #changes = new Map<string, number>(Object.keys(KINDS).map((kind) => [kind, 0]));

  hear(event: Event): void {
    if (event.kind === "changed") {
      for (const { kind } of event.operations) this.#changes.set(kind, (this.#changes.get(kind) ?? 0) + 1);
    }
    const way = WAYS[event.kind];
    if (way !== undefined && "sinceEventMs" in event && event.sinceEventMs !== undefined) {
      this.#applied[way].add(event.sinceEventMs);
    }
  }

  get tallied(): Tallied {
    const { commands, reload, drain } = this.#applied;
    return {
      applied: { commands: commands.durations, reload: reload.durations, drain: drain.durations },
      changes: Object.fromEntries(this.#changes),
    };
  }
}

const WAYS: Readonly<Partial<Record<Event["kind"], Way>>> = {
  changed: "commands",
  reloaded: "reload",
  drained: "drain",
};
