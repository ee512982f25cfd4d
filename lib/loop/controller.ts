import { messageOf } from "../core/values/message_of.ts";
import { Applier } from "../apply/applier.ts";
import { type Backoff, backoffMs } from "../core/policy/backoff.ts";
import type { Built } from "../core/model/build_model.ts";
import { tenths } from "../core/values/milliseconds.ts";
import type { Model } from "../core/model/model.ts";
import { summarize } from "../core/plan/operation_summary.ts";
import type { Plan } from "../core/plan/plan.ts";
import { reloadReasonText } from "../core/plan/reload_reason.ts";
import type { Desired } from "../core/config/render.ts";
import type { Settle } from "../core/policy/settle.ts";
import type { LoopState } from "../core/status/status.ts";
import { emptySnapshot, type Snapshot, withoutStarting } from "../core/snapshot/snapshot.ts";
import { Mailbox } from "./mailbox.ts";
import type { ContainerId } from "../core/values/names.ts";
import type { Clock, ContainerSource, HaproxyControl, Outcome, Prober, Reporter, Wake } from "../ports.ts";
import { Quarantine } from "../apply/quarantine.ts";
import { Readiness } from "./readiness.ts";
import type { InUse } from "../core/model/ways.ts";
import { Reminders } from "./reminders.ts";

/** The pure half of the flow, in its two steps. */
export type Design = {
  readonly build: (snapshot: Snapshot, inUse?: InUse) => Built;
  readonly render: (model: Model) => Desired;
};

/** What the loop is made of. */
export type ControllerParts = {
  readonly source: ContainerSource;
  readonly haproxy: HaproxyControl;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly report: Reporter;
  readonly settle: Settle;
  /** The pure half of the flow: what should be, from what Docker said. */
  readonly design: Design;
};

/** How often everything is read again, in milliseconds, in case an event was missed. */
const RESYNC_MS = 60_000;
/** How often HAProxy is compared with what it should have, in milliseconds. */
const AUDIT_MS = 10_000;
/** How long a pass waits for containers that are asked for the first time, in milliseconds; the first one longer. */
const HEAD_START_MS = 2;
const FIRST_HEAD_START_MS = 250;
/** How long after a change at run time `haproxy -c` is asked about the files that were written, in milliseconds. */
const CHECK_LATER_MS = 1_000;
/** How long Docker may take before HAProxy is started without it, in milliseconds. */
const PATIENCE_MS = 2_000;
/** When to try again what failed. */
const RETRY_MS = 1_000;
/** When to load again what HAProxy did not take up, such as a listener of which another program has the port. */
const RELOAD: Backoff = { firstMs: RETRY_MS, mostMs: 10_000 };
const RETRY_REFUSED_MS = 10_000;
/** When to ask again for servers that wait for their last connections, which may last for hours. */
const LEAVING: Backoff = { firstMs: RETRY_MS, mostMs: 10_000 };

/** Keeps HAProxy in step: one wake in the mailbox, one pass in flight, the newest state wins. */
export class Controller {
  readonly mailbox: Mailbox;
  readonly readiness: Readiness;
  readonly applier: Applier;
  readonly quarantine = new Quarantine();
  built: Built | undefined;
  #snapshot: Snapshot = emptySnapshot;
  #desired: Desired | undefined;
  #lastPassAt: number | undefined;
  #complaint = "";
  /** How many loads in a row have failed. */
  #failures = 0;
  /** How often in a row it was asked in vain for what waits for its last connections. */
  #waits = 0;
  #isCheckDue = false;
  readonly #reminders: Reminders;

  constructor(readonly parts: ControllerParts) {
    this.readiness = new Readiness(
      parts.prober,
      parts.report,
      () => this.wake({ reason: "readiness", ids: new Set(), since: parts.clock.now() }),
    );
    this.applier = new Applier(parts);
    this.mailbox = new Mailbox(parts.clock);
    this.#reminders = new Reminders(parts.clock, (wake) => this.wake(wake));
  }

  /** How the loop stands at this moment. */
  get state(): LoopState {
    const { built, applier, readiness, parts } = this;
    const { count, counts, last } = applier.loader;
    return {
      sources: parts.source.describe(),
      model: built?.model,
      notices: built?.notices ?? [],
      waiting: readiness.waiting(built?.model),
      hasConfig: applier.believed.hasConfig,
      reloads: count,
      reloadsByReason: counts,
      lastReload: last,
      spaced: applier.loader.spaced,
      trouble: this.#complaint === "" ? undefined : this.#complaint,
      leaving: applier.leaving,
    };
  }

  /** Says that something may have changed. */
  wake(wake: Wake): void {
    this.mailbox.put(wake);
  }

  /** Reads everything again, and reloads HAProxy even if no file differs: certificates may. */
  reread(): void {
    this.applier.loader.request.ask({ kind: "asked", detail: "SIGHUP" });
    this.quarantine.clear();
    this.wake({ reason: "signal", isFresh: true });
  }

  /** HAProxy was started anew by itself: it has the states of its files, not those that it was given since. */
  onRestart(hasCurrent: boolean): void {
    this.applier.forgetCommands(hasCurrent);
    this.wake({ reason: "haproxy", ids: new Set() });
  }

  /** Runs until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { source, clock, haproxy } = this.parts;
    this.readiness.know(await haproxy.reportServers().catch(() => []));
    const listener = {
      wake: (wake: Wake) => this.wake(wake),
      draining: (ids: ReadonlySet<ContainerId>, since?: number) => this.applier.drain.tell(ids, since),
      expect: () => haproxy.expectCommands(),
    };
    const following = source.follow(listener, signal);
    const resync = this.#reminders.every(RESYNC_MS, { reason: "resync" }, signal);
    const audit = this.#reminders.every(AUDIT_MS, { reason: "audit", ids: new Set() }, signal);
    const starting = clock.sleep(PATIENCE_MS, signal).then(() =>
      this.wake({ reason: "start", ids: new Set() })
    );
    signal.addEventListener("abort", () => this.mailbox.close(), { once: true });
    if (signal.aborted) this.mailbox.close();
    for (;;) {
      const wake = await this.mailbox.take(this.parts.settle, this.#lastPassAt);
      if (wake === undefined) break;
      // What drains servers is sent first: the pass is all computing, and HAProxy's answer would wait for it.
      await this.applier.drain.done;
      await this.#pass(wake, signal);
      this.#lastPassAt = clock.now();
    }
    this.readiness.stop();
    await Promise.allSettled([following, resync, audit, starting]);
  }

  async #pass(wake: Wake, signal: AbortSignal): Promise<void> {
    const { haproxy, report } = this.parts;
    try {
      if (wake.reason === "audit") await this.#audit();
      const startedAt = this.parts.clock.now();
      const isRead = await this.#observe(wake, signal);
      report.debug("read containers", {
        reason: wake.reason,
        tookMs: tenths(this.parts.clock.now() - startedAt),
      });
      if (isRead || this.applier.running !== undefined) await this.#realize(signal, wake.since);
      // Docker is not there yet: HAProxy serves what it had, or at least says that it is alive.
      else if (wake.reason === "start" && !await haproxy.startLast(signal)) await this.#realize(signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#complain(`cannot bring HAProxy up to date: ${messageOf(error)}`);
      report.debug(error instanceof Error ? error.stack ?? "" : "");
      this.#reminders.once("load", RETRY_MS, signal);
    }
  }

  async #observe(wake: Wake, signal: AbortSignal): Promise<boolean> {
    try {
      const snapshot = await this.parts.source.observe(wake, signal);
      // Where no server can be held back, one must not be there before its container runs.
      this.#snapshot = this.parts.haproxy.capabilities.canSetStates ? snapshot : withoutStarting(snapshot);
      return true;
    } catch (error) {
      this.parts.report.debug(`cannot read containers: ${messageOf(error)}`);
      return false;
    }
  }

  async #realize(signal: AbortSignal, since?: number): Promise<void> {
    const { design, report } = this.parts;
    const built = design.build(this.#snapshot, this.readiness.inUse);
    const desired = design.render(this.quarantine.filter(built.model));
    const states = this.readiness.update(desired.model);
    this.built = {
      ...built,
      model: desired.model,
      notices: [...built.notices, ...this.quarantine.notices(), ...this.readiness.notices(desired.model)],
    };
    this.#desired = desired;
    report.notices(this.built.notices);
    // Containers that listen already answer at once: a moment's wait brings them in ready, in one step.
    const [what, limitMs] = this.applier.running === undefined
      ? ["proof", FIRST_HEAD_START_MS] as const
      : ["answer", HEAD_START_MS] as const;
    const later = async () => {
      await this.readiness.settled(what, limitMs, this.parts.clock);
      return this.readiness.update(desired.model);
    };
    const { isAsking } = this.readiness;
    const wasUnknown = this.applier.running === undefined;
    const { plan, outcome, isWaiting } = await this.applier.apply(
      desired,
      states,
      signal,
      isAsking ? later : undefined,
    );
    if (outcome.kind === "postponed") {
      // What is wanted by then is loaded then, and not what was wanted now.
      this.#reminders.once("postponed", Math.ceil(outcome.forMs), signal, { since });
      return;
    }
    if (outcome.kind === "applied") this.readiness.forgetKnown();
    // Files that were read back may not have been checked any more by the signalbox that wrote them.
    const isReadBack = wasUnknown && plan.kind !== "reload";
    if (outcome.kind === "rejected" && outcome.stage === "check" && await this.#findFault(desired, signal)) {
      this.applier.loader.request.tell("retry");
      this.wake({ reason: "haproxy", ids: new Set() });
      return;
    }
    this.#waits = isWaiting ? this.#waits + 1 : 0;
    if (this.applier.leaving > 0) this.#reminders.once("leaving", backoffMs(this.#waits, LEAVING, 0), signal);
    this.#tell(isWaiting && plan.kind === "runtime" ? { kind: "nothing" } : plan, outcome, signal, since);
    const isChanged = plan.kind === "runtime" || plan.kind === "keep";
    if ((isChanged && !isWaiting) || isReadBack) this.#checkLater(signal);
  }

  /** Commands need no check, but the files that were written with them do: a restart would load them. */
  #checkLater(signal: AbortSignal): void {
    if (this.#isCheckDue) return;
    this.#isCheckDue = true;
    void this.parts.clock.sleep(CHECK_LATER_MS, signal).then(async () => {
      this.#isCheckDue = false;
      const desired = this.#desired;
      if (signal.aborted || desired === undefined) return;
      const outcome = await this.parts.haproxy.check(desired, signal);
      if (outcome.kind === "applied" || !await this.#findFault(desired, signal)) return;
      this.wake({ reason: "haproxy", ids: new Set() });
    }).catch((error) => this.parts.report.debug(`cannot check the config: ${error}`));
  }

  /** Looks for the route that made HAProxy refuse a config; answers whether one was found and is left out from now on. */
  async #findFault(desired: Desired, signal: AbortSignal): Promise<boolean> {
    const { design, haproxy } = this.parts;
    return await this.quarantine.search(desired.model, async (model) => {
      const outcome = await haproxy.check(design.render(model), signal);
      return outcome.kind === "applied"
        ? { isValid: true, detail: "" }
        : { isValid: false, detail: outcome.detail };
    });
  }

  #tell(plan: Plan, outcome: Outcome, signal: AbortSignal, since: number | undefined): void {
    const { report, clock } = this.parts;
    const doneAt = plan.kind === "runtime" ? this.applier.answeredAt : clock.now();
    const took = since === undefined ? {} : { sinceEventMs: tenths(doneAt - since) };
    if (outcome.kind === "rejected") {
      this.#complain(`the new config failed (${outcome.stage}): ${outcome.detail}`);
      if (outcome.stage === "check") {
        this.#reminders.once("refused", RETRY_REFUSED_MS, signal, {
          before: () => this.applier.loader.request.tell("retry"),
        });
      } else this.#reminders.once("load", backoffMs(++this.#failures, RELOAD, 0), signal);
      return;
    }
    if (plan.kind !== "blocked" && !this.applier.loader.request.isOwed) {
      if (this.#complaint !== "") report.info("HAProxy is in step again");
      this.#complaint = "";
      this.#failures = 0;
    }
    if (plan.kind === "reload") {
      report.info("reloaded HAProxy", { reasons: plan.reasons.slice(0, 5).map(reloadReasonText), ...took });
    } else if (plan.kind === "runtime") {
      report.info("changed HAProxy at run time", { ...summarize(plan.operations), ...took });
    }
  }

  /** One line for one trouble, however often it is met. */
  #complain(message: string): void {
    if (message === this.#complaint) return;
    this.#complaint = message;
    const isServing = this.applier.running !== undefined;
    const meanwhile = isServing ? "HAProxy keeps the last good config, and it is" : "it is";
    this.parts.report.error(`${message}; ${meanwhile} tried again`);
  }

  /** Someone may have typed `disable server`: what drifted is told, and put right by the pass that follows. */
  async #audit(): Promise<void> {
    for (const drift of await this.applier.audit()) {
      this.parts.report.warn(`HAProxy drifted: ${drift}; it is put right`);
    }
  }
}
