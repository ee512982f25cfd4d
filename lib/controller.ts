import type { Built } from "./core/build_model.ts";
import { type Plan, planChange, type Running, type ServerState } from "./core/plan.ts";
import type { Desired } from "./core/render.ts";
import { isSuccess, runtimeCommand } from "./core/runtime_command.ts";
import { type Settle, settleDelayMs } from "./core/settle.ts";
import { emptySnapshot, type Snapshot } from "./core/snapshot.ts";
import { Mailbox } from "./mailbox.ts";
import type { Clock, ContainerSource, HaproxyControl, Outcome, Prober, Reporter, Wake } from "./ports.ts";
import { Readiness } from "./readiness.ts";

/** What the loop is made of. */
export type ControllerParts = {
  readonly source: ContainerSource;
  readonly haproxy: HaproxyControl;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly report: Reporter;
  readonly settle: Settle;
  /** The pure half of the flow: what should be, from what Docker said. */
  readonly design: (snapshot: Snapshot) => { readonly built: Built; readonly desired: Desired };
};

/** How often everything is read again, in milliseconds, in case an event was missed. */
const RESYNC_MS = 60_000;
/** How long the first load waits for containers that run already to answer, in milliseconds. */
const HEAD_START_MS = 250;
/** How long Docker may take before HAProxy is started without it, in milliseconds. */
const PATIENCE_MS = 2_000;

/** Keeps HAProxy in step: one wake in the mailbox, one pass in flight, the newest state wins. */
export class Controller {
  readonly mailbox = new Mailbox();
  readonly readiness: Readiness;
  #snapshot: Snapshot = emptySnapshot;
  #running: Running | undefined;
  #known: ReadonlySet<string> = new Set();
  #refused: Desired["files"] | undefined;
  #lastPassAt: number | undefined;
  #isForced = false;

  constructor(readonly parts: ControllerParts) {
    this.readiness = new Readiness(
      parts.prober,
      parts.report,
      () => this.wake({ reason: "readiness", ids: new Set() }),
    );
  }

  /** Says that something may have changed. */
  wake(wake: Wake): void {
    this.mailbox.put(wake, this.parts.clock.now());
  }

  /** Reads everything again, and reloads HAProxy even if no file differs: certificates may. */
  reread(): void {
    this.#isForced = true;
    this.wake({ reason: "signal", isFresh: true });
  }

  /** HAProxy was started anew by itself: it has the states of its files, not those that it was given since. */
  forgetStates(): void {
    if (this.#running !== undefined) this.#running = { ...this.#running, states: new Map() };
    this.wake({ reason: "haproxy", ids: new Set() });
  }

  /** Runs until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { source, clock } = this.parts;
    this.#known = await this.parts.haproxy.readyServers();
    const following = source.follow((wake) => this.wake(wake), signal);
    const ticking = this.#resync(signal);
    const starting = clock.sleep(PATIENCE_MS, signal).then(() =>
      this.wake({ reason: "start", ids: new Set() })
    );
    while (!signal.aborted) {
      const burst = await this.mailbox.wait(signal);
      if (burst === undefined) break;
      await clock.sleep(
        settleDelayMs({ ...burst, lastPassAt: this.#lastPassAt }, this.parts.settle, clock.now()),
        signal,
      );
      const wake = this.mailbox.take();
      if (wake === undefined || signal.aborted) continue;
      await this.#pass(wake, signal);
      this.#lastPassAt = clock.now();
    }
    this.readiness.stop();
    await Promise.allSettled([following, ticking, starting]);
  }

  async #pass(wake: Wake, signal: AbortSignal): Promise<void> {
    const { report, haproxy } = this.parts;
    try {
      const isRead = await this.#observe(wake, signal);
      if (!isRead && this.#running === undefined) {
        if (wake.reason === "start" && !await haproxy.startLast(signal)) await this.#realize(signal);
        return;
      }
      await this.#realize(signal);
    } catch (error) {
      if (signal.aborted) return;
      report.error(
        `cannot bring HAProxy up to date: ${
          error instanceof Error ? error.message : error
        }; it is tried again`,
      );
      report.debug(error instanceof Error ? error.stack ?? "" : "");
    }
  }

  /** Whether the containers are known: they were read now, or there was nothing to read again. */
  async #observe(wake: Wake, signal: AbortSignal): Promise<boolean> {
    if (wake.ids?.size === 0) return this.#running !== undefined;
    try {
      this.#snapshot = await this.parts.source.observe(wake, signal);
      return true;
    } catch (error) {
      this.parts.report.debug(`cannot read containers: ${error instanceof Error ? error.message : error}`);
      return false;
    }
  }

  async #realize(signal: AbortSignal): Promise<void> {
    const { built, desired } = this.parts.design(this.#snapshot);
    this.parts.report.notices(built.notices);
    let states = this.readiness.update(desired.model, this.#known);
    if (this.#running === undefined) {
      // Containers that ran before us answer at once: a moment's wait lets HAProxy begin with all of them.
      await Promise.race([this.readiness.settled(), this.parts.clock.sleep(HEAD_START_MS, signal)]);
      states = this.readiness.update(desired.model, this.#known);
    }
    this.#known = new Set();
    const plan = this.#plan(desired, states);
    if (plan.kind === "nothing") return;
    const outcome = await this.#apply(plan, desired, states, signal);
    this.#settleWith(plan, outcome, desired, states);
  }

  #plan(desired: Desired, states: ReadonlyMap<string, ServerState>): Plan {
    if (this.#isForced) return { kind: "reload", reasons: ["SIGHUP"] };
    const plan = planChange(this.#running, desired, states);
    return plan.kind === "reload" && isSameFiles(this.#refused, desired.files) ? { kind: "nothing" } : plan;
  }

  async #apply(
    plan: Exclude<Plan, { kind: "nothing" }>,
    desired: Desired,
    states: ReadonlyMap<string, ServerState>,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { haproxy, report } = this.parts;
    if (plan.kind === "runtime") {
      const replies = await haproxy.send(plan.operations.map(runtimeCommand), signal);
      const bad = plan.operations.findIndex((operation, at) =>
        !isSuccess(operation, replies[at] ?? "no reply")
      );
      if (bad < 0) return { kind: "applied" };
      report.warn(`HAProxy answered "${replies[bad]?.trim()}" to a command; it is reloaded`);
    }
    return await haproxy.load(desired, states, signal);
  }

  #settleWith(
    plan: Exclude<Plan, { kind: "nothing" }>,
    outcome: Outcome,
    desired: Desired,
    states: ReadonlyMap<string, ServerState>,
  ): void {
    const { report } = this.parts;
    if (outcome.kind === "applied") {
      this.#running = { desired, states };
      this.#refused = undefined;
      this.#isForced = false;
      const ready = [...states.values()].filter((state) => state === "ready").length;
      const how = plan.kind === "reload" ? { reload: plan.reasons } : { commands: plan.operations.length };
      report.info("HAProxy is up to date", {
        hosts: desired.model.routes.length,
        servers: states.size,
        ready,
        ...how,
      });
      return;
    }
    // What was refused for its content will be refused again; what could not be written may work the next time.
    this.#refused = outcome.stage === "check" ? desired.files : undefined;
    this.#isForced = false;
    report.error(
      `HAProxy keeps the last good config, the new one failed (${outcome.stage}): ${outcome.detail}`,
    );
    if (outcome.stage !== "check") this.#retryLater();
  }

  #retryLater(): void {
    void this.parts.clock.sleep(1_000).then(() => this.wake({ reason: "haproxy", ids: new Set() }));
  }

  async #resync(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.parts.clock.sleep(RESYNC_MS, signal);
      if (!signal.aborted) this.wake({ reason: "resync" });
    }
  }
}

function isSameFiles(a: Desired["files"] | undefined, b: Desired["files"]): boolean {
  return a !== undefined && a.size === b.size && [...b].every(([name, text]) => a.get(name) === text);
}
