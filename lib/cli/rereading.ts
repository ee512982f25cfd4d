import type { LiveCertificates } from "../certificates/live_certificates.ts";
import { systemClock } from "../clock.ts";
import { messageOf } from "../core/values/message_of.ts";
import type { Controller } from "../loop/controller.ts";
import type { RunContext } from "./open/run_context.ts";
import { watchPages } from "./page_watch.ts";

/** What is read again while signalbox runs. */
export class Rereading {
  /** What fetches certificates, once it is there. */
  acme: { readonly reread: () => Promise<void> } | undefined;

  constructor(
    private readonly context: RunContext,
    private readonly controller: Controller,
    private readonly certificates: LiveCertificates,
  ) {}

  /** Reads the settings' files and the containers again; settings that cannot be used stay as they were. */
  async reread(why: string): Promise<void> {
    const { routing, report, service } = this.context;
    report.tell({ kind: "rereading", why });
    service?.reload();
    await this.certificates.read();
    const refuse = (error: unknown) => report.tell({ kind: "settings-refused", why: messageOf(error) });
    await routing.reread().catch(refuse);
    await this.acme?.reread().catch(refuse);
    this.controller.reread(why);
  }

  /** Reads the pages of `--error-pages` again when they change; `first` is how their folder looked before they were read. */
  async followPages(first: string | undefined, signal: AbortSignal): Promise<void> {
    const { errorPages } = this.context.settings;
    if (errorPages === undefined) return;
    const reread = () => this.reread("pages of --error-pages changed");
    await watchPages(errorPages, first, { clock: systemClock, reread }, signal);
  }
}
