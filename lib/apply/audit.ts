import { findDrift } from "../core/state/survey.ts";
import type { Believed } from "./believed.ts";
import type { SavedFiles } from "./saved_files.ts";
import type { HaproxyControl, Reporter } from "../ports.ts";

/** What an Audit is made of. */
export type AuditParts = {
  readonly haproxy: HaproxyControl;
  readonly report: Reporter;
  readonly believed: Believed;
  readonly saved: SavedFiles;
  /** Hears of drift that only a reload corrects. */
  readonly diverged: (detail: string) => void;
};

/** Finds out what others did to HAProxy. */
export class Audit {
  /** How many audits in a row found drift that only a reload corrects. */
  #drifts = 0;

  constructor(readonly parts: AuditParts) {}

  /** Compares what HAProxy has with what signalbox knows of it, and notes the difference; answers with what drifted. */
  async compare(): Promise<readonly string[]> {
    const { haproxy, report, believed, saved, diverged } = this.parts;
    const { running, version } = believed;
    if (running === undefined) return [];
    // An audit that HAProxy does not answer is left to the next one: no pass fails for it.
    const survey = await haproxy.survey([...running.tables.keys()], [...running.certificates.keys()]).catch((
      error,
    ) => report.debug(`cannot compare HAProxy with what it should have: ${error}`));
    // What signalbox told HAProxy meanwhile is no drift.
    if (!survey || !believed.isUnchangedSince(version)) return [];
    const drift = findDrift(running, survey);
    const { told, reloadReason } = drift;
    if (told.length > 0) believed.drifted(drift);
    if (reloadReason === undefined) {
      this.#drifts = 0;
      await saved.keepStates(running, survey.servers);
      return told;
    }
    // Drift that a reload does not correct comes from a user's own template: reloads for it become ever rarer.
    if (!Number.isInteger(Math.log2(++this.#drifts))) return [];
    diverged(reloadReason);
    return told;
  }
}
