import type { ServerName } from "../core/values/names.ts";
import type { Desired } from "../core/config/render.ts";
import type { Running } from "../core/state/running.ts";
import type { ServerState } from "../core/runtime/operation.ts";
import type { ReportedServer } from "../core/state/survey.ts";
import type { HaproxyControl, Reporter } from "../ports.ts";

type States = ReadonlyMap<ServerName, ServerState>;

/** The files that are current, from which HAProxy starts after a crash, or when somebody else reloads it. */
export class SavedFiles {
  #desired: Desired | undefined;
  /** Not known of files that an earlier signalbox wrote. */
  #states: States | undefined;
  /** HAProxy was told states since that they do not say. */
  #isStale = false;

  constructor(readonly haproxy: HaproxyControl, readonly report: Reporter) {}

  /** They were written, and say this. */
  note(desired: Desired, states: States): void {
    this.#isStale = false;
    this.#desired = desired;
    this.#states = states;
  }

  /** They say what is wanted, as it turned out: nothing had to be written. */
  meet(desired: Desired): void {
    this.#desired = desired;
  }

  /** HAProxy is told other states than they say. */
  outdate(): void {
    this.#isStale = true;
  }

  /** Has them say the states of now, if HAProxy was told others. */
  async refresh(running: Running | undefined): Promise<void> {
    if (this.#isStale && running !== undefined) await this.keepStates(running);
  }

  /** What HAProxy loads when it is started from them; `undefined` where that is not known. */
  get content(): { readonly desired: Desired; readonly states: States } | undefined {
    const [desired, states] = [this.#desired, this.#states];
    return desired && states && { desired, states };
  }

  /** Has a start from them begin with the states of now, and not with those of when they were written. */
  async keepStates({ sections }: Running, reported?: readonly ReportedServer[]): Promise<void> {
    const desired = this.#desired;
    if (desired === undefined) return;
    this.#isStale = false;
    const states = new Map<ServerName, ServerState>();
    for (const { servers } of desired.model.backends) {
      // What HAProxy does not have yet may not have traffic yet.
      for (const { name } of servers) states.set(name, "maint");
    }
    for (const { servers } of sections.values()) {
      for (const [name, { state }] of servers) if (states.has(name)) states.set(name, state);
    }
    try {
      await this.haproxy.keepStates(desired, states, reported);
      this.#states = states;
    } catch (error) {
      this.#isStale = true;
      this.report.debug(`cannot keep the states of servers: ${error}`);
    }
  }
}
