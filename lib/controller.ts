import { Applier } from "./applier.ts";
import type { Built } from "./core/build_model.ts";
import type { ServerName } from "./core/names.ts";
import type { Plan } from "./core/plan.ts";
import type { Desired } from "./core/render.ts";
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
/** When to try again what failed, and when to ask again for servers that wait for their last connections. */
const RETRY_MS = 1_000;
const RETRY_REFUSED_MS = 10_000;

/** Keeps HAProxy in step: one wake in the mailbox, one pass in flight, the newest state wins. */
export class Controller {
  readonly mailbox = new Mailbox();
  readonly readiness: Readiness;
  readonly applier: Applier;
  built: Built | undefined;
  #snapshot: Snapshot = emptySnapshot;
  #desired: Desired | undefined;
  #known: ReadonlySet<ServerName> = new Set();
  #lastPassAt: number | undefined;
  #complaint = "";
  /** A pass waits for Docker. */
  #isWaiting = false;

  constructor(readonly parts: ControllerParts) {
    this.readiness = new Readiness(
      parts.prober,
      parts.report,
      () => this.wake({ reason: "readiness", ids: new Set() }),
    );
    this.applier = new Applier(parts);
  }

  /** Why HAProxy is not in step, where it is not. */
  get trouble(): string | undefined {
    return this.#complaint === "" ? undefined : this.#complaint;
  }

  /** Says that something may have changed. */
  wake(wake: Wake): void {
    this.mailbox.put(wake, this.parts.clock.now());
    if ((this.#isWaiting || this.applier.isLoading) && this.#desired !== undefined) {
      void this.applier.holdBack(this.parts.source.stopping(), this.#desired);
    }
  }

  /** Reads everything again, and reloads HAProxy even if no file differs: certificates may. */
  reread(): void {
    this.applier.forceReload("SIGHUP");
    this.wake({ reason: "signal", isFresh: true });
  }

  /** HAProxy was started anew by itself: it has the states of its files, not those that it was given since. */
  onRestart(): void {
    this.applier.forgetCommands();
    this.wake({ reason: "haproxy", ids: new Set() });
  }

  /** Runs until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { source, clock, haproxy } = this.parts;
    const reported = await haproxy.reportServers().catch(() => []);
    this.#known = new Set(
      reported.filter((server) => server.isReady && server.isUp).map((server) => server.name),
    );
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
    const { haproxy, report } = this.parts;
    try {
      const startedAt = this.parts.clock.now();
      this.#isWaiting = true;
      const isRead = await this.#observe(wake, signal).finally(() => this.#isWaiting = false);
      report.debug("read containers", {
        reason: wake.reason,
        tookMs: Math.round((this.parts.clock.now() - startedAt) * 10) / 10,
      });
      if (isRead || this.applier.running !== undefined) await this.#realize(signal);
      // Docker is not there yet: HAProxy serves what it had, or at least says that it is alive.
      else if (wake.reason === "start" && !await haproxy.startLast(signal)) await this.#realize(signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#complain(`cannot bring HAProxy up to date: ${error instanceof Error ? error.message : error}`);
      report.debug(error instanceof Error ? error.stack ?? "" : "");
      this.#wakeIn(RETRY_MS, signal);
    }
  }

  async #observe(wake: Wake, signal: AbortSignal): Promise<boolean> {
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
    this.built = built;
    this.#desired = desired;
    this.parts.report.notices(built.notices);
    let states = this.readiness.update(desired.model, this.#known);
    if (this.applier.running === undefined) {
      // Containers that ran before us answer at once: a moment's wait lets HAProxy begin with all of them.
      await Promise.race([this.readiness.settled(), this.parts.clock.sleep(HEAD_START_MS, signal)]);
      states = this.readiness.update(desired.model, this.#known);
    }
    const { plan, outcome } = await this.applier.apply(desired, states, signal);
    if (outcome.kind === "applied") this.#known = new Set();
    this.#tell(plan, outcome, signal);
    if (this.applier.leaving > 0) this.#wakeIn(RETRY_MS, signal);
  }

  #tell(plan: Plan, outcome: Outcome, signal: AbortSignal): void {
    const { report } = this.parts;
    if (outcome.kind === "rejected") {
      this.#complain(`the new config failed (${outcome.stage}): ${outcome.detail}`);
      if (outcome.stage === "check") {
        this.#wakeIn(RETRY_REFUSED_MS, signal, () => this.applier.retryRefused());
      } else this.#wakeIn(RETRY_MS, signal);
      return;
    }
    if (plan.kind === "nothing") return;
    if (this.#complaint !== "") report.info("HAProxy is in step again");
    this.#complaint = "";
    if (plan.kind === "reload") report.info("reloaded HAProxy", { reasons: plan.reasons.slice(0, 5) });
    else if (plan.kind === "runtime") {
      report.info("changed HAProxy at run time", { operations: summarize(plan.operations) });
    }
  }

  /** One line for one trouble, however often it is met. */
  #complain(message: string): void {
    if (message === this.#complaint) return;
    this.#complaint = message;
    this.parts.report.error(`${message}; HAProxy keeps the last good config, and it is tried again`);
  }

  #wakeIn(milliseconds: number, signal: AbortSignal, before?: () => void): void {
    void this.parts.clock.sleep(milliseconds, signal).then(() => {
      if (signal.aborted) return;
      before?.();
      this.wake({ reason: "haproxy", ids: new Set() });
    });
  }

  async #resync(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.parts.clock.sleep(RESYNC_MS, signal);
      if (!signal.aborted) this.wake({ reason: "resync" });
    }
  }
}

/** `add-server 2, add-route 1`: what was done, short enough for a line. */
function summarize(operations: Extract<Plan, { kind: "runtime" }>["operations"]): string {
  const counts = new Map<string, number>();
  for (const { kind } of operations) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${kind} ${count}`).join(", ");
}
