import { systemClock } from "../../clock.ts";
import { createReporter } from "../../report/log.ts";
import { prepareAcme } from "./open_acme.ts";
import { openService } from "./open_service.ts";
import type { Given } from "./open_source.ts";
import type { RunContext } from "./run_context.ts";
import { checkAdminPassword } from "../check_admin_password.ts";
import { NO_HOSTS, readGivenHosts } from "../engine_hosts.ts";
import { lookOfErrorPages } from "../error_pages.ts";
import { readRoutesFiles, readSnapshotText } from "../input.ts";
import { LiveRouting } from "../live_routing.ts";
import { settingsOf } from "../settings.ts";
import { checkLength, stateDirOf } from "../state_dir.ts";
import type { Terminal } from "../terminal.ts";

/** What `run` begins with; `pages` is how the folder of `--error-pages` looked before it was read. */
export type Prepared = {
  readonly context: RunContext;
  readonly given: Given;
  readonly pages: string | undefined;
};

/** Reads all input before anything is changed. Throws Failure. */
export async function prepareRun(options: Record<string, unknown>, terminal: Terminal): Promise<Prepared> {
  const settings = settingsOf(options, terminal);
  const format = settings.logFormat ?? (terminal.isErrTerminal ? "text" : "json");
  const report = createReporter(format, settings.logLevel, terminal.err, systemClock);
  const stateDir = stateDirOf(settings, terminal);
  checkLength(stateDir);
  const pages = settings.errorPages === undefined ? undefined : await lookOfErrorPages(settings.errorPages);
  await checkAdminPassword(settings);
  await prepareAcme(settings);
  const routing = await LiveRouting.open(settings);
  // A file that is wrong from the start ends signalbox. When it breaks later, HAProxy goes on with what it has.
  const snapshot = settings.snapshot === undefined
    ? undefined
    : await readSnapshotText(settings.snapshot, settings, terminal);
  const routes = await readRoutesFiles(settings);
  const hosts = settings.snapshot === undefined ? await readGivenHosts(settings) : NO_HOSTS;
  const service = openService(stateDir, report, terminal);
  return {
    context: { settings, stateDir, routing, report, service },
    given: { snapshot, routes, hosts },
    pages,
  };
}
