import { messageOf } from "../core/values/message_of.ts";
import { Applier } from "../apply/applier.ts";
import { ConfigChecks } from "../apply/config_checks.ts";
import { Quarantine } from "../apply/quarantine.ts";
import type { RefusedCertificates } from "../core/certificates/refused_certificates.ts";
import type { Design } from "../core/config/design.ts";
import type { Built } from "../core/model/build_model.ts";
import type { Settle } from "../core/policy/settle.ts";
import type { LoopState } from "../core/status/status.ts";
import type { Clock, ContainerSource, HaproxyControl, Prober, Reporter, Wake } from "../ports.ts";
import { Designer } from "./designer.ts";
import { FirstTraffic } from "./first_traffic.ts";
import { headStart } from "./head_start.ts";
import { loopStateOf } from "./loop_state.ts";
import { Mailbox } from "./mailbox.ts";
import { Observer } from "./observer.ts";
import { Outcomes } from "./outcomes.ts";
import { Readiness } from "./readiness.ts";
import { Reminders } from "./reminders.ts";
import { Triggers } from "./triggers.ts";

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

/**
 * Keeps HAProxy in step: one wake in the mailbox, one pass in flight, the newest state wins. This is the order of a pass,
 * and nothing else.
 */
export class Controller {
  readonly mailbox: Mailbox;
  readonly readiness: Readiness;
  readonly applier: Applier;
  readonly outcomes: Outcomes;
  readonly quarantine: Quarantine;
  readonly firstTraffic: FirstTraffic;
  /** The model of the last pass, with all that the user should know. */
  built: Built | undefined;
  /** Called after each pass. */
  onPass: ((wake: Wake) => void) | undefined;
  readonly #observer: Observer;
  readonly #checks: ConfigChecks;
  readonly #designer: Designer;
  readonly #triggers: Triggers;
  /** How long the last pass for each reason took. */
  readonly #tookMs = new Map<Wake["reason"], number>();

  constructor(readonly parts: ControllerParts) {
    const { clock, report, design } = parts;
    const wake = (wake: Wake) => this.wake(wake);
    const reminders = new Reminders(clock, wake);
    const quarantine = this.quarantine = new Quarantine(parts.refused);
    const applier = this.applier = new Applier(parts);
    this.mailbox = new Mailbox(clock);
    this.readiness = new Readiness(
      parts.prober,
      report,
      () => wake({ reason: "readiness", ids: new Set(), since: clock.now() }),
    );
    const traffic = this.firstTraffic = new FirstTraffic(clock);
    this.readiness.onReady = (server) => traffic.isReady(server);
    this.outcomes = new Outcomes({ ...parts, applier, reminders });
    this.#observer = new Observer(parts);
    this.#checks = new ConfigChecks({
      ...parts,
      quarantine,
      request: applier.loader.request,
      render: (model) => design.render(model),
      onFault: () => this.#again(),
    });
    const { believed } = applier;
    this.#designer = new Designer({
      design,
      quarantine,
      haproxy: parts.haproxy,
      checks: this.#checks,
      believed,
    });
    const tookMs = (reason: Wake["reason"]) => this.#tookMs.get(reason) ?? 0;
    this.#triggers = new Triggers({ ...parts, applier, reminders, wake, tookMs });
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
    const { haproxy, settle } = this.parts;
    this.#triggers.followHaproxy(signal);
    this.readiness.know(await haproxy.reportServers().catch(() => []));
    const following = this.#triggers.followSource(signal);
    for await (const wake of this.mailbox.wakes(settle, signal)) {
      // Drains go out first: a pass computes without a break, and HAProxy's answer would have to wait for it.
      await this.applier.drain.done;
      const since = this.parts.clock.now();
      await this.#pass(wake, signal);
      this.#tookMs.set(wake.reason, this.parts.clock.now() - since);
      this.onPass?.(wake);
    }
    this.readiness.stop();
    await following;
  }

  async #pass(wake: Wake, signal: AbortSignal): Promise<void> {
    const { haproxy, report } = this.parts;
    try {
      if (wake.reason === "audit") await this.#audit();
      if (wake.reason === "resync") this.quarantine.retryPorts();
      const isRead = await this.#observer.observe(wake, signal);
      if (isRead || this.applier.running !== undefined) await this.#realize(signal, wake.since);
      // Docker does not answer yet: HAProxy serves the last files, or an empty config that answers health checks.
      else if (wake.reason === "start" && !await haproxy.startLast(signal)) await this.#realize(signal);
    } catch (error) {
      if (signal.aborted) return;
      this.outcomes.fail(messageOf(error), signal);
      report.debug(error instanceof Error ? error.stack ?? "" : "");
    }
  }

  async #realize(signal: AbortSignal, since?: number): Promise<void> {
    const { readiness, applier, parts: { report, clock } } = this;
    const { snapshot } = this.#observer;
    const { built, desired } = await this.#designer.design(snapshot, readiness.inUse, signal);
    const { model } = desired;
    const states = readiness.update(model);
    this.built = { ...built, notices: [...built.notices, ...readiness.notices(model)] };
    report.notices(this.built.notices);
    const pass = applier.running === undefined ? "first" : "later";
    const applied = await applier.apply(desired, states, signal, headStart(readiness, model, pass, clock));
    if (applied.outcome.kind === "applied") readiness.forgetKnown();
    if (await this.#checks.review(applied, desired, pass, signal)) return this.#again();
    this.outcomes.hear(applied, model, signal, since);
    const doneAt = applied.plan.kind === "runtime" ? applier.answeredAt : clock.now();
    this.firstTraffic.isRunning(applier.running, states, doneAt);
  }

  /** Something is left out from now on, or may be tried again: another pass does it. */
  #again(): void {
    this.wake({ reason: "haproxy", ids: new Set() });
  }

  /** Somebody may have typed `disable server`: tells what drifted. The pass that follows corrects it. */
  async #audit(): Promise<void> {
    for (const detail of await this.applier.audit()) this.parts.report.tell({ kind: "drifted", detail });
  }
}
