import type { ServerName } from "../core/values/names.ts";
import type { Desired } from "../core/config/render.ts";
import type { Running } from "../core/state/running.ts";
import type { ServerState } from "../core/runtime/operation.ts";
import type { ReportedServer } from "../core/state/survey.ts";
import type { HaproxyControl, Reporter } from "../ports.ts";

type States = ReadonlyMap<ServerName, ServerState>;

/** The current files. HAProxy loads them after a crash, or when somebody else reloads it. */
export class SavedFiles {
  #desired: Desired | undefined;
  /** Unknown where an earlier signalbox wrote the files. */
  #states: States | undefined;
  /** Servers have got other states since than the files give them. */
  #isStale = false;

  constructor(readonly haproxy: HaproxyControl, readonly report: Reporter) {}

  /** The files were written with this content. */
  note(desired: Desired, states: States): void {
    this.#isStale = false;
    this.#desired = desired;
    this.#states = states;
  }

  /** The files already say what is wanted: nothing had to be written. */
  meet(desired: Desired): void {
    this.#desired = desired;
  }

  /** Servers get other states than the files give them. */
  outdate(): void {
    this.#isStale = true;
  }

  /** Brings the states in the files up to date, if they are not. */
  async refresh(running: Running | undefined): Promise<void> {
    if (this.#isStale && running !== undefined) await this.keepStates(running);
  }

  /** What HAProxy would load from the files; `undefined` where that is unknown. */
  get content(): { readonly desired: Desired; readonly states: States } | undefined {
    const [desired, states] = [this.#desired, this.#states];
    return desired && states && { desired, states };
  }

  /** Writes the states of now into the files, so that a start of HAProxy begins with them. */
  async keepStates({ sections }: Running, reported?: readonly ReportedServer[]): Promise<void> {
    const desired = this.#desired;
    if (desired === undefined) return;
    this.#isStale = false;
    const states = new Map<ServerName, ServerState>();
    for (const { servers } of desired.model.backends) {
      // A server that HAProxy does not have yet may not have traffic yet.
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
