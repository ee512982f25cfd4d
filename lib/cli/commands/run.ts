import { RefusedCertificates } from "../../core/certificates/refused_certificates.ts";
import type { LiveCertificates } from "../../certificates/live_certificates.ts";
import { systemClock } from "../../clock.ts";
import { formatListeners, listenersOf } from "../../core/status/listeners.ts";
import { messageOf } from "../../core/values/message_of.ts";
import { Controller } from "../../loop/controller.ts";
import { Machine } from "../../machine.ts";
import type { ContainerSource, HaproxyControl } from "../../ports.ts";
import { NetworkProber } from "../../probe/network_prober.ts";
import { createReporter, type Log } from "../../report/log.ts";
import { VERSION } from "../../version.ts";
import { keepLean } from "../compilers.ts";
import { raiseDescriptorLimit } from "../descriptor_limit.ts";
import { lookOfErrorPages } from "../error_pages.ts";
import { NO_HOSTS, readGivenHosts } from "../engine_hosts.ts";
import { readRoutesFiles, readSnapshotText } from "../input.ts";
import { LiveRouting } from "../live_routing.ts";
import { checkAdminPassword } from "../open/open_admin.ts";
import { openAnswers } from "../open/open_answers.ts";
import { openAcme, openTlsAlpn, prepareAcme } from "../open/open_acme.ts";
import { openCertificates } from "../open/open_certificates.ts";
import { openEvents } from "../open/open_events.ts";
import { type OpenedHaproxy, openHaproxy } from "../open/open_haproxy.ts";
import { type Given, openSource } from "../open/open_source.ts";
import type { RunContext } from "../open/run_context.ts";
import { watchPages } from "../page_watch.ts";
import { settingsOf } from "../settings.ts";
import { Signals } from "../signals.ts";
import { checkLength, openStateDir, stateDirOf } from "../state_dir.ts";
import type { Terminal } from "../terminal.ts";

/** `docker stop` waits 10 s before it kills; HAProxy gets most of that to finish, in milliseconds. */
const STOP_LIMIT_MS = 7_200;

/** Follows Docker until SIGTERM or SIGINT; answers with the exit code, or throws Failure when it cannot begin. */
export async function run(options: Record<string, unknown>, terminal: Terminal): Promise<number> {
  // First of all: without a listener, process 1 ignores a signal, and others end without a word.
  const signals = new Signals();
  // Nobody waits for it.
  void raiseDescriptorLimit();
  const startedAt = systemClock.date();
  const { context, given, pages } = await prepare(options, terminal);
  const { stateDir, routing, report } = context;
  const listeners = listenersOf(routing.now.settings.frontend);
  report.tell({ kind: "starting", version: VERSION, stateDir, listeners: formatListeners(listeners) });

  openStateDir(stateDir);
  const events = await openEvents(context);
  const opened = await openHaproxy(context);
  const { haproxy, serverLimit } = opened;
  const certificates = await openCertificates(context);
  const refused = new RefusedCertificates();
  const tlsAlpn = await openTlsAlpn(context.settings);
  const usable = {
    get now() {
      const found = refused.filter(certificates.now);
      return tlsAlpn?.beside(found) ?? found;
    },
  };
  const parts = { usable, refused };
  const controller = createController(context, await openSource(context, given), opened, parts);
  signals.onHangup(() => void reread(context, controller, certificates, "SIGHUP"));
  void followPages(context, controller, certificates, pages, signals.stopping);
  const acme = await openAcme(context, usable, tlsAlpn);
  const wakeForCertificates = () => controller.wake({ reason: "certificates", ids: new Set() });
  if (tlsAlpn !== undefined) tlsAlpn.onChange = wakeForCertificates;
  let isHandedOver = false;
  void certificates.follow(wakeForCertificates, signals.stopping);
  const handOver = () => {
    isHandedOver = true;
    signals.stop();
  };
  const answers = await openAnswers(context, {
    controller,
    facts: {
      startedAt,
      listeners,
      serverLimit,
      history: report.history,
      tally: report.tally,
      acme: () => acme?.agent.status,
    },
    events,
    opened,
    given: { options, terminal },
    handOver,
  });
  controller.onPass = () => {
    answers.publish();
    acme?.publish(controller.state);
    tlsAlpn?.hear(controller.applier.running?.certificates);
    if (controller.applier.running !== undefined) keepLean();
  };
  const fetching = acme?.agent.run(signals.stopping);
  await controller.run(signals.stopping);
  await Promise.all([answers.close(), fetching]);
  await leave(haproxy, report, isHandedOver);
  await events.close();
  return 0;
}

/** Reads all input before anything is changed. Throws Failure. */
async function prepare(
  options: Record<string, unknown>,
  terminal: Terminal,
): Promise<{ readonly context: RunContext; readonly given: Given; readonly pages: string | undefined }> {
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
  return { context: { settings, stateDir, routing, report }, given: { snapshot, routes, hosts }, pages };
}

function createController(
  { settings, routing, report }: RunContext,
  source: ContainerSource,
  { haproxy, serverLimit }: OpenedHaproxy,
  { usable, refused }: {
    readonly usable: Pick<LiveCertificates, "now">;
    readonly refused: RefusedCertificates;
  },
): Controller {
  const machine = new Machine(systemClock);
  return new Controller({
    source,
    haproxy,
    prober: new NetworkProber(systemClock),
    clock: systemClock,
    report,
    refused,
    settle: { quietMs: settings.settleMs, mostMs: settings.settleMaxMs },
    design: {
      build: (snapshot, inUse) =>
        routing.now.design.build(
          snapshot,
          inUse,
          { addresses: machine.addresses(), serverLimit },
          usable.now,
        ),
      render: (model) => routing.now.design.render(model),
    },
  });
}

/** Reads the settings' files and the containers again; settings that cannot be used stay as they were. */
async function reread(
  { routing, report }: RunContext,
  controller: Controller,
  certificates: LiveCertificates,
  why: string,
): Promise<void> {
  report.tell({ kind: "rereading", why });
  await certificates.read();
  await routing.reread().catch((error) => report.tell({ kind: "settings-refused", why: messageOf(error) }));
  controller.reread(why);
}

/** Reads the pages of `--error-pages` again when they change; `first` is how their folder looked before they were read. */
async function followPages(
  context: RunContext,
  controller: Controller,
  certificates: LiveCertificates,
  first: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { errorPages } = context.settings;
  if (errorPages === undefined) return;
  const parts = {
    clock: systemClock,
    reread: () => reread(context, controller, certificates, "pages of --error-pages changed"),
  };
  await watchPages(errorPages, first, parts, signal);
}

/** Ends HAProxy, unless another signalbox takes it over. */
async function leave(haproxy: HaproxyControl, report: Log, isHandedOver: boolean): Promise<void> {
  if (isHandedOver) {
    haproxy.leave();
    return report.tell({ kind: "handed-over" });
  }
  report.tell({ kind: "stopping" });
  await haproxy.stop(STOP_LIMIT_MS);
  report.tell({ kind: "stopped" });
}
