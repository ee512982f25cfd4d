import type { Model } from "../core/model/model.ts";
import type { Desired } from "../core/config/render.ts";
import type { Clock, HaproxyControl, Reporter } from "../ports.ts";
import type { LoadRequest } from "./load_request.ts";
import type { ModelCheck, Quarantine } from "./quarantine.ts";
import type { Applied } from "./reload.ts";

/** What ConfigChecks are made of. */
export type ConfigChecksParts = {
  readonly haproxy: Pick<HaproxyControl, "check">;
  readonly clock: Clock;
  readonly report: Reporter;
  readonly quarantine: Quarantine;
  readonly request: Pick<LoadRequest, "tell">;
  readonly render: (model: Model) => Desired;
  /** Called when a route is left out from now on. */
  readonly onFault: () => void;
};

/**
 * How long after a change at run time `haproxy -c` checks the files that were written, in milliseconds: at least so many
 * times what the last check took, since one of thousands of servers takes HAProxy seconds of the processor.
 */
const CHECK_LATER_MS = 1_000;
const CHECK_SHARE = 9;

/** Finds what HAProxy refuses, in files that it would not load and in files that it was not to load, and leaves it out. */
export class ConfigChecks {
  /** What the next check is about. */
  #due: Desired | undefined;
  #tookMs = 0;

  constructor(readonly parts: ConfigChecksParts) {}

  /**
   * Sees to what became of a plan: leaves out what HAProxy refused, or checks in a moment what it did not load. Answers
   * whether something is left out from now on. In the `first` pass what HAProxy has was not known yet.
   */
  async review(
    { plan, outcome, isWaiting }: Applied,
    desired: Desired,
    pass: "first" | "later",
    signal: AbortSignal,
  ): Promise<boolean> {
    const { quarantine, request } = this.parts;
    if (outcome.kind === "postponed") return false;
    if (outcome.kind === "rejected" && outcome.stage === "ports") {
      if (quarantine.refusePorts(desired.model, outcome.ports)) return true;
    } else if (outcome.kind === "rejected" && outcome.stage === "check") {
      if (await this.#findFault(desired, signal)) {
        request.tell("retry");
        return true;
      }
    }
    // The signalbox that wrote adopted files may have ended before it checked them.
    const isReadBack = pass === "first" && plan.kind !== "reload";
    const isChanged = plan.kind === "runtime" || plan.kind === "keep";
    if ((isChanged && !isWaiting) || isReadBack) this.#soon(desired, signal);
    return false;
  }

  /** Checks in a moment what was written. Commands need no check, but the files do: a restart would load them. */
  #soon(desired: Desired, signal: AbortSignal): void {
    const isDue = this.#due !== undefined;
    this.#due = desired;
    if (isDue) return;
    const { clock, report } = this.parts;
    const laterMs = Math.max(CHECK_LATER_MS, CHECK_SHARE * this.#tookMs);
    void clock.sleep(laterMs, signal).then(() => this.#check(signal)).catch((error) =>
      report.debug(`cannot check the config: ${error}`)
    );
  }

  async #check(signal: AbortSignal): Promise<void> {
    const { haproxy, clock, onFault } = this.parts;
    const desired = this.#due;
    this.#due = undefined;
    if (signal.aborted || desired === undefined) return;
    const since = clock.now();
    const outcome = await haproxy.check(desired, signal);
    this.#tookMs = clock.now() - since;
    if (outcome.kind === "rejected" && await this.#findFault(desired, signal)) onFault();
  }

  /** Looks for the route that made HAProxy refuse a config; answers whether one was found and is left out from now on. */
  async #findFault(desired: Desired, signal: AbortSignal): Promise<boolean> {
    return await this.parts.quarantine.search(desired.model, (model) => this.#ask(model, signal));
  }

  /**
   * Has HAProxy check certificates that are new: it would refuse them by a command too, in the middle of a change. Answers
   * whether some are left out from now on.
   */
  async refusesCertificates({ model }: Desired, signal: AbortSignal): Promise<boolean> {
    return await this.parts.quarantine.refusesCertificates(model, (bare) => this.#ask(bare, signal));
  }

  async #ask(model: Model, signal: AbortSignal): Promise<Awaited<ReturnType<ModelCheck>>> {
    const { haproxy, render } = this.parts;
    const outcome = await haproxy.check(render(model), signal);
    return outcome.kind === "applied"
      ? { isValid: true, detail: "" }
      : { isValid: false, detail: outcome.detail };
  }
}
