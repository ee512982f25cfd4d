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
  /** Hears what only a reload puts right. */
  readonly diverged: (detail: string) => void;
};

/** Finds out what others did to HAProxy. */
export class Audit {
  /** How many in a row would have HAProxy reloaded. */
  #drifts = 0;

  constructor(readonly parts: AuditParts) {}

  /** Compares HAProxy with what it is believed to have, and believes it from then on; answers with what drifted. */
  async compare(): Promise<readonly string[]> {
    const { haproxy, report, believed, saved, diverged } = this.parts;
    const { running, version } = believed;
    if (running === undefined) return [];
    // What cannot be asked now is asked again, and holds up nothing that a container wants.
    const survey = await haproxy.survey([...running.tables.keys()]).catch((error) =>
      report.debug(`cannot compare HAProxy with what it should have: ${error}`)
    );
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
    // What reloads do not cure is what a user's own template says: they come at ever longer intervals.
    if (!Number.isInteger(Math.log2(++this.#drifts))) return [];
    diverged(reloadReason);
    return told;
  }
}
