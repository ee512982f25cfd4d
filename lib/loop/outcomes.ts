import type { Applier } from "../apply/applier.ts";
import type { Applied } from "../apply/reload.ts";
import { type Backoff, backoffMs } from "../core/policy/backoff.ts";
import type { Model } from "../core/model/model.ts";
import { servedChanges } from "../core/status/served_changes.ts";
import { tenths } from "../core/values/milliseconds.ts";
import type { Clock, Outcome, Reporter } from "../ports.ts";
import type { Reminders } from "./reminders.ts";

/** What Outcomes are made of. */
export type OutcomesParts = {
  readonly applier: Applier;
  readonly clock: Clock;
  readonly report: Reporter;
  readonly reminders: Reminders;
};

type Refusal = Extract<Outcome, { kind: "rejected" }>;

/** When to try again what failed, in milliseconds. */
const RETRY_MS = 1_000;
/** When to repeat a load that HAProxy did not take up, for example because another program has a listener's port. */
const RELOAD: Backoff = { firstMs: RETRY_MS, mostMs: 10_000 };
/** When to repeat a load whose config HAProxy refused, in milliseconds. */
const RETRY_REFUSED_MS = 10_000;
/** When to repeat the deletes of servers that wait for their last connections, which may last for hours. */
const LEAVING: Backoff = { firstMs: RETRY_MS, mostMs: 10_000 };

/** Tells of each pass, and wakes the loop to try again. */
export class Outcomes {
  /** Why HAProxy does not have what is wanted; empty where it has. */
  #complaint = "";
  /** What HAProxy has been told to serve: the next event says what is new. */
  #told: Model | undefined;
  /** How many loads in a row have failed. */
  #failures = 0;
  /** How often HAProxy did not take up what was wanted, by the stage at which that was. */
  readonly refusals: Record<Refusal["stage"], number> = { write: 0, check: 0, load: 0, ports: 0 };
  /** How often in a row HAProxy refused deletes because of last connections. */
  #waits = 0;

  constructor(readonly parts: OutcomesParts) {}

  /** Why HAProxy does not have what is wanted; `undefined` where it has. */
  get trouble(): string | undefined {
    return this.#complaint === "" ? undefined : this.#complaint;
  }

  /** A pass for a model ended; `since` is when the event came in that caused it. */
  hear(
    { plan, outcome, isWaiting }: Applied,
    model: Model,
    signal: AbortSignal,
    since: number | undefined,
  ): void {
    const { applier, reminders } = this.parts;
    const drainMs = applier.drain.endsInMs();
    if (drainMs !== undefined) reminders.once("drained", drainMs, signal);
    if (outcome.kind === "postponed") {
      // The pass of then loads what is wanted then.
      return reminders.once("postponed", Math.ceil(outcome.forMs), signal, { since });
    }
    this.#waits = isWaiting ? this.#waits + 1 : 0;
    if (applier.leaving > 0) reminders.once("leaving", backoffMs(this.#waits, LEAVING, 0), signal);
    if (outcome.kind === "rejected") return this.#reject(outcome, signal);
    if (plan.kind !== "blocked" && !applier.loader.request.isOwed) this.#beInStep();
    if (!isWaiting) this.#tell(plan, model, since);
    if (plan.kind !== "blocked") this.#told = model;
  }

  /** A pass failed without an outcome. */
  fail(why: string, signal: AbortSignal): void {
    this.#complain(`cannot bring HAProxy up to date: ${why}`);
    this.parts.reminders.once("load", RETRY_MS, signal);
  }

  #reject({ stage, detail }: Refusal, signal: AbortSignal): void {
    const { applier: { loader }, reminders } = this.parts;
    this.refusals[stage]++;
    this.#complain(`the new config failed (${stage}): ${detail}`);
    if (stage !== "check") return reminders.once("load", backoffMs(++this.#failures, RELOAD, 0), signal);
    reminders.once("refused", RETRY_REFUSED_MS, signal, { before: () => loader.request.tell("retry") });
  }

  #beInStep(): void {
    if (this.#complaint !== "") this.parts.report.tell({ kind: "in-step" });
    this.#complaint = "";
    this.#failures = 0;
  }

  #tell(plan: Applied["plan"], model: Model, since: number | undefined): void {
    const { applier, clock, report } = this.parts;
    const doneAt = plan.kind === "runtime" ? applier.answeredAt : clock.now();
    const sinceEventMs = since === undefined ? undefined : tenths(doneAt - since);
    if (plan.kind === "reload") {
      const served = servedChanges(this.#told, model);
      report.tell({ kind: "reloaded", reasons: plan.reasons, served, sinceEventMs });
    } else if (plan.kind === "runtime") {
      const served = servedChanges(this.#told, model, plan.operations);
      report.tell({ kind: "changed", operations: plan.operations, served, sinceEventMs });
    }
  }

  /** One line for one trouble, however often it occurs. */
  #complain(why: string): void {
    if (why === this.#complaint) return;
    this.#complaint = why;
    const isServing = this.parts.applier.running !== undefined;
    this.parts.report.tell({ kind: "behind", why, isServing });
  }
}
