import { systemClock } from "../../clock.ts";
import { RefusedCertificates } from "../../core/certificates/refused_certificates.ts";
import { formatListeners, listenersOf } from "../../core/status/listeners.ts";
import type { HaproxyControl } from "../../ports.ts";
import { VERSION } from "../../version.ts";
import { compileForMany, keepLean } from "../compilers.ts";
import { raiseDescriptorLimit } from "../descriptor_limit.ts";
import { openAcme, openTlsAlpn } from "../open/open_acme.ts";
import { openAnswers } from "../open/open_answers.ts";
import { openCertificates } from "../open/open_certificates.ts";
import { openController } from "../open/open_controller.ts";
import { openEvents } from "../open/open_events.ts";
import { openHaproxy } from "../open/open_haproxy.ts";
import { openRehearsal } from "../open/open_rehearsal.ts";
import { isServing } from "../open/open_service.ts";
import { openSource } from "../open/open_source.ts";
import { prepareRun } from "../open/prepare_run.ts";
import type { RunContext } from "../open/run_context.ts";
import { Rereading } from "../rereading.ts";
import { Signals } from "../signals.ts";
import { openStateDir } from "../state_dir.ts";
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
  const { context, given, pages } = await prepareRun(options, terminal);
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
  const controller = openController(context, await openSource(context, given), opened, parts);
  const rereading = new Rereading(context, controller, certificates);
  signals.onHangup(() => void rereading.reread("SIGHUP"));
  void rereading.followPages(pages, signals.stopping);
  const acme = rereading.acme = await openAcme(context, usable, tlsAlpn);
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
  const rehearsal = openRehearsal(context, controller, signals.stopping);
  controller.onPass = ({ isFresh }) => {
    answers.publish();
    void context.service?.passed(controller.state, isFresh === true, () => isServing(controller));
    acme?.publish(controller.state);
    tlsAlpn?.hear(controller.applier.running?.certificates);
    compileForMany(0, controller.built?.model.routes.length);
    if (controller.applier.running !== undefined) keepLean();
    rehearsal.passed();
  };
  const fetching = acme?.agent.run(signals.stopping);
  await controller.run(signals.stopping);
  await Promise.all([answers.close(), fetching]);
  await leave(context, haproxy, isHandedOver);
  await events.close();
  return 0;
}

/** Ends HAProxy, unless another signalbox takes it over. */
async function leave(
  { report, service }: RunContext,
  haproxy: HaproxyControl,
  isHandedOver: boolean,
): Promise<void> {
  await service?.leave(isHandedOver);
  if (isHandedOver) {
    haproxy.leave();
    return report.tell({ kind: "handed-over" });
  }
  report.tell({ kind: "stopping" });
  await haproxy.stop(STOP_LIMIT_MS);
  report.tell({ kind: "stopped" });
}
