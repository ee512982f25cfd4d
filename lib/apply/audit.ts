import type { Running } from "../core/state/running.ts";
import { believe } from "../core/state/survey.ts";
import type { HoldBack } from "./hold_back.ts";
import type { KeptFiles } from "./kept_files.ts";
import type { HaproxyControl, Reporter } from "../ports.ts";

/** What an Audit is made of. */
export type AuditParts = {
  readonly haproxy: HaproxyControl;
  readonly report: Reporter;
  readonly holdBack: HoldBack;
  readonly kept: KeptFiles;
  /** Hears what only a reload puts right. */
  readonly diverged: (detail: string) => void;
};

/** Finds out what others did to HAProxy. */
export class Audit {
  /** How many in a row would have HAProxy reloaded. */
  #drifts = 0;

  constructor(readonly parts: AuditParts) {}

  /** Compares HAProxy with what it is believed to have, and believes it from then on; answers with what drifted. */
  async compare(believed: () => Running | undefined): Promise<readonly string[]> {
    const { haproxy, report, holdBack, kept, diverged } = this.parts;
    const running = believed();
    if (running === undefined) return [];
    const isQuiet = holdBack.watch();
    // What cannot be asked now is asked again, and holds up nothing that a container wants.
    const survey = await haproxy.survey().catch((error) =>
      report.debug(`cannot compare HAProxy with what it should have: ${error}`)
    );
    // What was held back meanwhile is no drift.
    if (!isQuiet() || running !== believed() || !survey) return [];
    const { told, reloadReason } = believe(running, survey);
    if (reloadReason === undefined) {
      this.#drifts = 0;
      await kept.keepStates(running, survey.servers);
      return told;
    }
    // What reloads do not cure is what a user's own template says: they come at ever longer intervals.
    if (!Number.isInteger(Math.log2(++this.#drifts))) return [];
    diverged(reloadReason);
    return told;
  }
}
