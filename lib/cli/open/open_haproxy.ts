import { systemChance, systemClock } from "../../clock.ts";
import {
  type ConnectionLimits,
  connectionLimits,
  limitsEnvironment,
  type ProcessLimits,
  serverLimit,
} from "../../core/config/descriptors.ts";
import type { ServerLimit } from "../../core/model/server_limit.ts";
import { divideListeners, formatListeners, listenersOf } from "../../core/status/listeners.ts";
import { messageOf } from "../../core/values/message_of.ts";
import { decodeSnapshot } from "../../docker/file/snapshot_file.ts";
import { ExternalHaproxy } from "../../haproxy/external_haproxy.ts";
import { GenerationStore } from "../../haproxy/files/generation_store.ts";
import { OwnedHaproxy } from "../../haproxy/owned_haproxy.ts";
import { processLimits } from "../../haproxy/process/descriptor_limit.ts";
import { findIdentity } from "../../haproxy/process/identity.ts";
import { fleetEnvironment, mostPeers } from "../fleet.ts";
import { findHaproxy, type HaproxyProgram, hasQuic } from "../../haproxy/process/program.ts";
import { promisedBy } from "../check_descriptors.ts";
import { whyRefused } from "../check_files.ts";
import { formatTrouble } from "../check.ts";
import { checkCertificate, proveListeners } from "../check_listeners.ts";
import { failed, wrongUsage } from "../failure.ts";
import { listenersIn } from "../lone_haproxy.ts";
import { checkPidFile } from "../pid_path.ts";
import { absolute } from "../absolute.ts";
import type { Routing } from "../routing.ts";
import { cannotUse } from "../state_dir.ts";
import { takeOver } from "../take_over.ts";
import { metricsSocketOf } from "./open_admin.ts";
import type { RunContext } from "./run_context.ts";

/** The HAProxy that signalbox manages, and whether another signalbox managed it until now. */
export type OpenedHaproxy = {
  readonly haproxy: OwnedHaproxy | ExternalHaproxy;
  readonly hasTakenOver: boolean;
  /** How many servers it can have; `undefined` without a limit, or where others run HAProxy. */
  readonly serverLimit: ServerLimit | undefined;
};

/** HAProxy's limits; an adopted HAProxy was started with limits of its own. */
type Room = { limits: ProcessLimits };

/** Opens HAProxy; takes it over from the signalbox that runs here, if there is one. Throws Failure. */
export async function openHaproxy(context: RunContext): Promise<OpenedHaproxy> {
  const { settings, stateDir, routing } = context;
  const room: Room = { limits: await processLimits() };
  const haproxy = await prepareHaproxy(context, room);
  const hasTakenOver = await takeOver(stateDir, context, () => proveSettings(settings, routing.now, haproxy));
  if (haproxy instanceof OwnedHaproxy) {
    const hasAdopted = await haproxy.open().catch((error) => {
      throw failed(cannotUse(stateDir, error));
    });
    // A running HAProxy has its ports already.
    if (hasAdopted) {
      room.limits = await processLimits((await haproxy.describe()).pid);
      tellGone(context);
    } else await proveListeners(settings, haproxy);
  }
  const limit = serverLimit(connectionsIn(room, settings), room.limits, mostPeers(settings));
  return { haproxy, hasTakenOver, serverLimit: haproxy instanceof OwnedHaproxy ? limit : undefined };
}

/** Names the listeners that HAProxy had and these settings do not ask for. */
function tellGone({ stateDir, routing, report }: RunContext): void {
  const had = listenersIn(new GenerationStore(stateDir, systemClock).current);
  const { gone, kept } = divideListeners(had, routing.now.settings);
  if (gone.length === 0) return;
  report.tell({ kind: "listeners-gone", closes: formatListeners(gone), keeps: formatListeners(kept) });
}

const connectionsIn = ({ limits }: Room, settings: RunContext["settings"]): ConnectionLimits =>
  connectionLimits(promisedBy(settings), limits.descriptors);

/** Finds faults of the settings before signalbox asks another one to hand HAProxy over. Throws Failure. */
async function prepareHaproxy(context: RunContext, room: Room): Promise<OwnedHaproxy | ExternalHaproxy> {
  const { settings, stateDir, routing, report } = context;
  const fleet = await fleetEnvironment(settings);
  if (settings.external) return await prepareExternal(context, fleet);
  const program = await findHaproxy(settings.haproxy).catch((error): HaproxyProgram => {
    throw failed(messageOf(error));
  });
  if (settings.http3 && !await hasQuic(program)) {
    const most = "Debian's has it from 3.0 on, others where `haproxy -vv` lists +QUIC";
    throw failed(`--http3 needs an HAProxy with QUIC, which HAProxy ${program.text} is not: ${most}`);
  }
  const noIpv6 = ipv6Environment();
  const pidCopy = settings.pidFile === undefined ? undefined : checkPidFile(absolute(settings.pidFile));
  return new OwnedHaproxy(
    {
      program,
      stateDir,
      addBackends: settings.addBackends,
      pidFile: `${stateDir}/haproxy.pid`,
      pidCopy,
      listeners: formatListeners(listenersOf(routing.now.settings.frontend)),
      configCopy: settings.config === undefined ? undefined : absolute(settings.config),
      process: {
        ...await findIdentity(stateDir),
        syslog: settings.syslog,
        accessLog: settings.accessLog,
        metricsSocket: settings.admin && metricsSocketOf(stateDir),
      },
      env: () => ({
        ...routing.now.env,
        ...fleet,
        ...noIpv6,
        ...limitsEnvironment(connectionsIn(room, settings)),
      }),
    },
    routing.now.templates,
    { clock: systemClock, chance: systemChance, report },
  );
}

async function prepareExternal(
  { settings, routing, report }: RunContext,
  fleet: Readonly<Record<string, string>>,
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
    { program, config, reloadCommand: settings.reloadCommand, env: { ...routing.now.env, ...fleet } },
    systemClock,
    report,
  );
}

/** Throws Failure where HAProxy would refuse the config of the settings alone, without containers. */
async function proveSettings(
  settings: RunContext["settings"],
  routing: Routing,
  haproxy: OwnedHaproxy | ExternalHaproxy,
): Promise<void> {
  // HAProxy would load what is without it, and show its clients a certificate that signed itself.
  const certificate = await checkCertificate(settings, "a start");
  if (certificate !== undefined && !certificate.isGood) {
    throw failed(`${formatTrouble(certificate)}; the running signalbox keeps HAProxy`);
  }
  const nothing = decodeSnapshot("[]");
  if (!nothing.ok) return;
  const { program, env } = haproxy.settings;
  const path = typeof program === "string" ? program : program?.path;
  if (path === undefined) return;
  const desired = routing.design.render(routing.design.build(nothing.value).model);
  const why = await whyRefused(desired, path, typeof env === "function" ? env() : env);
  if (why !== undefined) {
    throw failed(`HAProxy refuses what these settings give: ${why}; the running signalbox keeps HAProxy`);
  }
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
