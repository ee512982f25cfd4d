import { messageOf } from "../../core/values/message_of.ts";
import { systemChance, systemClock } from "../../clock.ts";
import { Controller } from "../../loop/controller.ts";
import { readStatus } from "../../loop/read_status.ts";
import { connectionLimits, limitsEnvironment } from "../../core/config/descriptors.ts";
import { formatListeners, listenersOf } from "../../core/status/listeners.ts";
import type { Settings } from "../../core/settings/settings.ts";
import type { Status } from "../../core/status/status.ts";
import { descriptorLimit } from "../../haproxy/process/descriptor_limit.ts";
import { ExternalHaproxy } from "../../haproxy/external_haproxy.ts";
import { findHaproxy, type HaproxyProgram } from "../../haproxy/process/program.ts";
import { decodeSnapshot } from "../../docker/file/snapshot_file.ts";
import { OwnedHaproxy } from "../../haproxy/owned_haproxy.ts";
import { findIdentity } from "../../haproxy/process/identity.ts";
import type { Reporter } from "../../ports.ts";
import { NetworkProber } from "../../probe/network_prober.ts";
import { serveAdmin } from "../../report/admin.ts";
import { fetchText, serveControl } from "../../report/control_socket.ts";
import { createReporter } from "../../report/log.ts";
import { VERSION } from "../../version.ts";
import { proveListeners } from "../check_listeners.ts";
import { raiseDescriptorLimit } from "../descriptor_limit.ts";
import { failed, wrongUsage } from "../failure.ts";
import { whyRefused } from "../check_files.ts";
import { readSnapshotText } from "../input.ts";
import { takeOver } from "../take_over.ts";
import { absolute, prepareRouting, type Routing } from "../routing.ts";
import { givenAsEnvironment, settingsOf } from "../settings.ts";
import { checkPidFile } from "../pid_path.ts";
import { Machine } from "../../machine.ts";
import { openSource } from "../open/open_source.ts";
import { cannotUse, checkLength, openStateDir, stateDirOf } from "../state_dir.ts";
import type { Terminal } from "../terminal.ts";

/** `docker stop` waits 10 s before it kills; HAProxy gets most of that to finish, in milliseconds. */
const STOP_LIMIT_MS = 7_200;

/** Follows Docker until SIGTERM or SIGINT; answers with the exit code, or throws Failure when it cannot begin. */
export async function run(options: Record<string, unknown>, terminal: Terminal): Promise<number> {
  // Listeners first: as process 1 a signal without one is ignored, or ends us without a word.
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  Deno.addSignalListener("SIGTERM", stop);
  Deno.addSignalListener("SIGINT", stop);
  const hangups: (() => void)[] = [];
  Deno.addSignalListener("SIGHUP", () => hangups.forEach((listener) => listener()));

  // Nobody waits for it.
  void raiseDescriptorLimit();
  const startedAt = systemClock.date();
  const settings = settingsOf(options, terminal);
  const format = settings.logFormat ?? (terminal.isErrTerminal ? "text" : "json");
  const report = createReporter(format, settings.logLevel, terminal.err, systemClock);
  const stateDir = stateDirOf(settings, terminal);
  checkLength(stateDir);
  let routing = await prepareRouting(settings);
  // Later it may break, and HAProxy goes on with what it has; what is wrong from the start is told at once.
  const given = settings.snapshot === undefined
    ? undefined
    : await readSnapshotText(settings.snapshot, terminal);
  const listeners = listenersOf(routing.settings.frontend);
  report.tell({ kind: "starting", version: VERSION, stateDir, listeners: formatListeners(listeners) });

  openStateDir(stateDir);
  const haproxy = await prepareHaproxy(
    settings,
    () => routing,
    stateDir,
    report,
  );
  const hasTakenOver = await takeOver(stateDir, report, () => proveSettings(routing, haproxy));
  if (haproxy instanceof OwnedHaproxy) await openOwned(haproxy, stateDir);
  await proveListeners(settings, haproxy);
  const machine = new Machine(systemClock);
  const controller = new Controller({
    source: await openSource(settings, () => routing, stateDir, given, report),
    haproxy,
    prober: new NetworkProber(systemClock),
    clock: systemClock,
    report,
    settle: { quietMs: settings.settleMs, mostMs: settings.settleMaxMs },
    design: {
      // Through the variable: SIGHUP puts fresh settings in its place.
      build: (snapshot, inUse) => routing.design.build(snapshot, inUse, machine.addresses()),
      render: (model) => routing.design.render(model),
    },
  });
  hangups.push(() => {
    report.tell({ kind: "rereading" });
    prepareRouting(settings).then(
      (fresh) => routing = fresh,
      (error) => report.tell({ kind: "settings-refused", why: messageOf(error) }),
    ).finally(() => controller.reread());
  });
  let isHandedOver = false;
  const onFailure = (error: unknown) => report.tell({ kind: "status-unavailable", why: messageOf(error) });
  const status = () => readStatus(controller, startedAt, listeners, report.history);
  const control = serveControl(stateDir, {
    clock: systemClock,
    onFailure,
    status,
    settings: () => routingSettingsOf(options, settings, terminal),
    handOver: () => {
      isHandedOver = true;
      stopping.abort();
    },
  });
  const admin = openAdmin(settings, stateDir, status, {
    onFailure,
    mayWait: hasTakenOver,
  });
  await controller.run(stopping.signal);
  await Promise.all([control.close(), admin?.close()]);
  if (isHandedOver) {
    haproxy.leave();
    report.tell({ kind: "handed-over" });
    return 0;
  }
  report.tell({ kind: "stopping" });
  await haproxy.stop(STOP_LIMIT_MS);
  report.tell({ kind: "stopped" });
  return 0;
}

/** With paths that mean the same from any folder; what came through a pipe is nothing to be read again. */
function routingSettingsOf(
  options: Record<string, unknown>,
  { snapshot }: Settings,
  terminal: Terminal,
): Record<string, string> {
  const given = givenAsEnvironment(options, terminal, "explain");
  const { SIGNALBOX_SNAPSHOT: _, ...others } = given;
  return snapshot === undefined || snapshot === "-"
    ? others
    : { ...others, SIGNALBOX_SNAPSHOT: absolute(snapshot) };
}

const metricsSocketOf = (stateDir: string): string => `${stateDir}/metrics.sock`;

function openAdmin(
  settings: Settings,
  stateDir: string,
  status: () => Promise<Status>,
  // One that took over from another is needed, with or without its page.
  given: { readonly onFailure: (error: unknown) => void; readonly mayWait: boolean },
) {
  if (settings.admin === undefined) return undefined;
  const haproxyMetrics = settings.external
    ? () => Promise.resolve("")
    : () => fetchText(metricsSocketOf(stateDir), "/metrics");
  try {
    return serveAdmin({ ...settings.admin, clock: systemClock, status, haproxyMetrics, ...given });
  } catch (error) {
    const { hostname, port } = settings.admin;
    throw failed(`cannot serve --admin at ${hostname}:${port}: ${messageOf(error)}, expected a free port`);
  }
}

/** What can be found out before another signalbox is asked to leave is found out here. Throws Failure. */
async function prepareHaproxy(
  settings: Settings,
  routing: () => Routing,
  stateDir: string,
  report: Reporter,
): Promise<OwnedHaproxy | ExternalHaproxy> {
  if (settings.external) return await openExternal(settings, routing(), report);
  const program = await findHaproxy(settings.haproxy).catch((error): HaproxyProgram => {
    throw failed(messageOf(error));
  });
  const noIpv6 = ipv6Environment();
  const limits = limitsEnvironment(connectionLimits(settings.maxConnections, await descriptorLimit()));
  const pidCopy = settings.pidFile === undefined ? undefined : checkPidFile(absolute(settings.pidFile));
  return new OwnedHaproxy(
    {
      program,
      stateDir,
      addBackends: settings.addBackends,
      pidFile: `${stateDir}/haproxy.pid`,
      pidCopy,
      listeners: formatListeners(listenersOf(routing().settings.frontend)),
      configCopy: settings.config === undefined ? undefined : absolute(settings.config),
      process: {
        ...await findIdentity(stateDir),
        syslog: settings.syslog,
        metricsSocket: settings.admin && metricsSocketOf(stateDir),
      },
      env: () => ({ ...routing().env, ...noIpv6, ...limits }),
    },
    routing().templates,
    { clock: systemClock, chance: systemChance, report },
  );
}

/** Throws Failure where HAProxy would refuse what the settings alone give, with no container. */
async function proveSettings(routing: Routing, haproxy: OwnedHaproxy | ExternalHaproxy): Promise<void> {
  const nothing = decodeSnapshot("[]");
  if (!nothing.ok) return;
  const { program, env } = haproxy.settings;
  const path = typeof program === "string" ? program : program?.path;
  if (path === undefined) return;
  const { files } = routing.design.render(routing.design.build(nothing.value).model);
  const why = await whyRefused(files, path, typeof env === "function" ? env() : env);
  if (why !== undefined) {
    throw failed(`HAProxy refuses what these settings give: ${why}; the running signalbox keeps HAProxy`);
  }
}

async function openOwned(haproxy: OwnedHaproxy, stateDir: string): Promise<void> {
  await haproxy.open().catch((error) => {
    throw failed(cannotUse(stateDir, error));
  });
}

async function openExternal(
  settings: Settings,
  routing: Routing,
  report: Reporter,
): Promise<ExternalHaproxy> {
  if (settings.config === undefined) {
    throw wrongUsage("--external needs --config PATH: the haproxy.cfg that the other HAProxy reads");
  }
  if (settings.reloadCommand === undefined) {
    throw wrongUsage("--external needs --reload-command CMD: what makes the other HAProxy load --config");
  }
  const program = await findHaproxy(settings.haproxy).then((found) => found.path, () => undefined);
  const config = absolute(settings.config);
  return new ExternalHaproxy(
    { program, config, reloadCommand: settings.reloadCommand, env: routing.env },
    systemClock,
    report,
  );
}

/** Tells the config where the kernel has no IPv6, so that its IPv6 listeners are left out. */
function ipv6Environment(): Record<string, string> {
  try {
    Deno.listen({ hostname: "::", port: 0 }).close();
    return {};
  } catch {
    return { SIGNALBOX_NO_IPV6: "1" };
  }
}
