import { messageOf } from "../core/values/message_of.ts";
import { Applier } from "../apply/applier.ts";
import type { Built } from "../core/model/build_model.ts";
import { keepBeforeHttps } from "../core/state/kept_listener.ts";
import { tenths } from "../core/values/milliseconds.ts";
import type { RefusedCertificates } from "../core/certificates/refused_certificates.ts";
import type { Design } from "../core/config/design.ts";
import type { Desired } from "../core/config/render.ts";
import type { Settle } from "../core/policy/settle.ts";
import type { LoopState } from "../core/status/status.ts";
import { emptySnapshot, type Snapshot, withoutStarting } from "../core/snapshot/snapshot.ts";
import { Mailbox } from "./mailbox.ts";
import type {
  Clock,
  ContainerSource,
  HaproxyControl,
  Prober,
  Reporter,
  SourceListener,
  Wake,
} from "../ports.ts";
import { ConfigChecks } from "../apply/check_later.ts";
import { Quarantine } from "../apply/quarantine.ts";
import { loopStateOf } from "./loop_state.ts";
import { Outcomes } from "./outcomes.ts";
import { Readiness } from "./readiness.ts";
import { Reminders } from "./reminders.ts";

/** What the loop is made of. */
export type ControllerParts = {
  readonly source: ContainerSource;
  readonly haproxy: HaproxyControl;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly report: Reporter;
  readonly settle: Settle;
  /** The pure half of the flow: what should be, from what Docker said. */
  readonly design: Pick<Design, "build" | "render">;
  /** The certificates that HAProxy refuses: `design` builds without them. */
  readonly refused?: RefusedCertificates;
};

/** How often signalbox reads all containers again, in milliseconds, in case it missed an event. */
const RESYNC_MS = 60_000;
/** How often the audit compares HAProxy with what it should have, in milliseconds. */
const AUDIT_MS = 10_000;
/** How long a pass waits for the first answers of new containers, in milliseconds; the first pass waits longer. */
const HEAD_START_MS = 2;
const FIRST_HEAD_START_MS = 250;
/** How long Docker may take before HAProxy starts without it, in milliseconds. */
const ENGINE_LIMIT_MS = 2_000;
/** Keeps HAProxy in step: one wake in the mailbox, one pass in flight, the newest state wins. */
export class Controller {
  readonly mailbox: Mailbox;
  readonly readiness: Readiness;
  readonly applier: Applier;
  readonly outcomes: Outcomes;
  readonly quarantine: Quarantine;
  built: Built | undefined;
  /** Called after each pass. */
  onPass: (() => void) | undefined;
  /** What the source said last; none before it first answered. */
  #snapshot: Snapshot | undefined;
  #lastPassAt: number | undefined;
  readonly #checks: ConfigChecks;
  readonly #reminders: Reminders;

  constructor(readonly parts: ControllerParts) {
    this.readiness = new Readiness(
      parts.prober,
      parts.report,
      () => this.wake({ reason: "readiness", ids: new Set(), since: parts.clock.now() }),
    );
    this.quarantine = new Quarantine(parts.refused);
    this.applier = new Applier(parts);
    this.mailbox = new Mailbox(parts.clock);
    this.#reminders = new Reminders(parts.clock, (wake) => this.wake(wake));
    this.outcomes = new Outcomes({ ...parts, applier: this.applier, reminders: this.#reminders });
    this.#checks = new ConfigChecks({
      ...parts,
      quarantine: this.quarantine,
      render: (model) => parts.design.render(model),
      onFault: () => this.wake({ reason: "haproxy", ids: new Set() }),
    });
  }

  /** How the loop stands at this moment. */
  get state(): LoopState {
    return loopStateOf(this);
  }

  /** Says that something may have changed. */
  wake(wake: Wake): void {
    this.mailbox.put(wake);
  }

  /** Reads everything again, and reloads HAProxy even if no file differs: certificates may. `detail` says who asked. */
  reread(detail: string): void {
    this.applier.loader.request.ask({ kind: "asked", detail });
    this.quarantine.clear();
    this.wake({ reason: "signal", isFresh: true });
  }

  /** Runs until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { source, clock, haproxy } = this.parts;
    haproxy.follow(({ kind }) => {
      // Another worker serves: it has the states of its files, and none of the commands since.
      this.applier.forgetCommands(kind === "restarted");
      this.wake({ reason: "haproxy", ids: new Set() });
    }, signal);
    this.readiness.know(await haproxy.reportServers().catch(() => []));
    const listener = {
      wake: (wake: Wake) => this.wake(wake),
      draining: (...told: Parameters<SourceListener["draining"]>) => this.applier.drain.tell(...told),
      expect: () => haproxy.expectCommands(),
    };
    const following = source.follow(listener, signal);
    const resync = this.#reminders.every(RESYNC_MS, { reason: "resync" }, signal);
    const audit = this.#reminders.every(AUDIT_MS, { reason: "audit", ids: new Set() }, signal);
    const starting = clock.sleep(ENGINE_LIMIT_MS, signal).then(() =>
      this.wake({ reason: "start", ids: new Set() })
    );
    signal.addEventListener("abort", () => this.mailbox.close(), { once: true });
    if (signal.aborted) this.mailbox.close();
    for (;;) {
      const wake = await this.mailbox.take(this.parts.settle, this.#lastPassAt);
      if (wake === undefined) break;
      // Drains go out first: a pass computes without a break, and HAProxy's answer would have to wait for it.
      await this.applier.drain.done;
      await this.#pass(wake, signal);
      this.onPass?.();
      this.#lastPassAt = clock.now();
    }
    this.readiness.stop();
    await Promise.allSettled([following, resync, audit, starting]);
  }

  async #pass(wake: Wake, signal: AbortSignal): Promise<void> {
    const { haproxy, report } = this.parts;
    try {
      if (wake.reason === "audit") await this.#audit();
      if (wake.reason === "resync") this.quarantine.retryPorts();
      const startedAt = this.parts.clock.now();
      const isRead = await this.#observe(wake, signal);
      report.debug("read containers", {
        reason: wake.reason,
        tookMs: tenths(this.parts.clock.now() - startedAt),
      });
      if (isRead || this.applier.running !== undefined) await this.#realize(signal, wake.since);
      // Docker does not answer yet: HAProxy serves the last files, or an empty config that answers health checks.
      else if (wake.reason === "start" && !await haproxy.startLast(signal)) await this.#realize(signal);
    } catch (error) {
      if (signal.aborted) return;
      this.outcomes.fail(messageOf(error), signal);
      report.debug(error instanceof Error ? error.stack ?? "" : "");
    }
  }

  async #observe(wake: Wake, signal: AbortSignal): Promise<boolean> {
    try {
      const snapshot = await this.parts.source.observe(wake, signal);
      // Where HAProxy takes no states, a server must not be in the config before its container runs.
      this.#snapshot = this.parts.haproxy.capabilities.canSetStates ? snapshot : withoutStarting(snapshot);
      return true;
    } catch (error) {
      this.parts.report.debug(`cannot read containers: ${messageOf(error)}`);
      return false;
    }
  }

  async #realize(signal: AbortSignal, since?: number): Promise<void> {
    const { report } = this.parts;
    const { built, desired } = await this.#design(signal);
    const states = this.readiness.update(desired.model);
    const drainMs = this.applier.drain.endsInMs(desired);
    if (drainMs !== undefined) this.#reminders.once("drained", drainMs, signal);
    this.built = {
      ...built,
      model: desired.model,
      notices: [...built.notices, ...this.quarantine.notices(), ...this.readiness.notices(desired.model)],
    };
    report.notices(this.built.notices);
    // Containers that listen already answer at once. A moment's wait lets them start as ready, in one step.
    const [what, limitMs] = this.applier.running === undefined
      ? ["proof", FIRST_HEAD_START_MS] as const
      : ["answer", HEAD_START_MS] as const;
    const later = async () => {
      await this.readiness.settled(what, limitMs, this.parts.clock);
      return this.readiness.update(desired.model);
    };
    const { isAsking } = this.readiness;
    const wasUnknown = this.applier.running === undefined;
    const applied = await this.applier.apply(desired, states, signal, isAsking ? later : undefined);
    const { plan, outcome, isWaiting } = applied;
    if (outcome.kind === "applied") this.readiness.forgetKnown();
    if (outcome.kind === "rejected" && outcome.stage === "ports") {
      if (this.quarantine.refusePorts(desired.model, outcome.ports)) {
        return this.wake({ reason: "haproxy", ids: new Set() });
      }
    }
    const isRefused = outcome.kind === "rejected" && outcome.stage === "check";
    if (isRefused && await this.#checks.findFault(desired, signal)) {
      this.applier.loader.request.tell("retry");
      return this.wake({ reason: "haproxy", ids: new Set() });
    }
    this.outcomes.hear(applied, signal, since);
    if (outcome.kind === "postponed") return;
    // The signalbox that wrote adopted files may have ended before it checked them.
    const isReadBack = wasUnknown && plan.kind !== "reload";
    const isChanged = plan.kind === "runtime" || plan.kind === "keep";
    if ((isChanged && !isWaiting) || isReadBack) this.#checks.soon(desired, signal);
  }

  /** What is wanted, without what HAProxy refuses. */
  async #design(signal: AbortSignal): Promise<{ readonly built: Built; readonly desired: Desired }> {
    const { design, source } = this.parts;
    for (;;) {
      const snapshot = this.#snapshot ?? source.initial ?? emptySnapshot;
      const built = design.build(snapshot, this.readiness.inUse);
      const desired = design.render(
        keepBeforeHttps(this.quarantine.filter(built.model), this.applier.running),
      );
      if (signal.aborted || !await this.#checks.refusesCertificates(desired, signal)) {
        return { built, desired };
      }
    }
  }

  /** Somebody may have typed `disable server`: tells what drifted. The pass that follows corrects it. */
  async #audit(): Promise<void> {
    for (const detail of await this.applier.audit()) this.parts.report.tell({ kind: "drifted", detail });
  }
}
