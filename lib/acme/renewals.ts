import type { Held } from "../core/acme/schedule.ts";
import { messageOf } from "../core/values/message_of.ts";
import type { Clock, Reporter } from "../ports.ts";
import type { Authority } from "./authority.ts";
import type { Remembered } from "./remembered.ts";

/** What asking for renewals needs. */
export type RenewalParts = {
  readonly remembered: Remembered;
  readonly directories: readonly string[];
  readonly authority: (url: string) => Authority;
  readonly clock: Clock;
  readonly report: Reporter;
};

/** How long an authority that gave no word on renewals is left alone, in milliseconds. */
const SILENT_MS = 3_600_000;

/** Asks authorities when they want their certificates to be renewed (RFC 9773), each as often as it says. */
export class Renewals {
  #isAsking = false;
  /** When signalbox may ask an authority again that did not answer, by certificate. */
  readonly #silent = new Map<string, number>();

  constructor(private readonly parts: RenewalParts) {}

  /** Asks for those whose time has come, one after the other; answers with whether anything was learnt. */
  async ask(held: readonly Held[], signal: AbortSignal): Promise<boolean> {
    if (this.#isAsking) return false;
    this.#isAsking = true;
    try {
      let isNew = false;
      for (const { id, authority, untilMs } of held) {
        const nowMs = this.parts.clock.date().getTime();
        if (id === undefined || authority === undefined || untilMs < nowMs || signal.aborted) continue;
        if (!this.parts.directories.includes(authority) || !this.#isDue(id, nowMs)) continue;
        isNew = await this.#askOne(id, authority, nowMs, signal) || isNew;
      }
      return isNew;
    } finally {
      this.#isAsking = false;
    }
  }

  #isDue(id: string, nowMs: number): boolean {
    const known = this.parts.remembered.now.renewals[id];
    // One that is too far off is that of a clock which was wrong.
    const isKnown = known !== undefined && known.askAgainMs > nowMs &&
      known.askAgainMs < nowMs + 25 * SILENT_MS;
    return !isKnown && nowMs >= (this.#silent.get(id) ?? 0);
  }

  async #askOne(id: string, url: string, nowMs: number, signal: AbortSignal): Promise<boolean> {
    try {
      const renewal = await this.parts.authority(url).renewal(id, signal);
      if (renewal !== undefined) {
        await this.parts.remembered.change((record) => ({
          ...record,
          renewals: { ...record.renewals, [id]: renewal },
        }));
        return true;
      }
    } catch (error) {
      this.parts.report.debug(`cannot ask when to renew: ${messageOf(error)}`);
    }
    this.#silent.set(id, nowMs + SILENT_MS);
    return false;
  }
}
