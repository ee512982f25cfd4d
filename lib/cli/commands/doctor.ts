import type { Model } from "../../core/model/model.ts";
import type { Settings } from "../../core/settings/settings.ts";
import { count } from "../../core/values/count.ts";
import { messageOf } from "../../core/values/message_of.ts";
import { onOneLine } from "../../core/values/notice.ts";
import { troubleOfSource } from "../../core/status/source_status.ts";
import { formatStatus, type Status } from "../../core/status/status.ts";
import { checkWay } from "../../haproxy/files/trusted_path.ts";
import { findHaproxy } from "../../haproxy/process/program.ts";
import { askControl, SilentSignalboxError } from "../../report/control_socket.ts";
import type { Check } from "../check.ts";
import { checkAcme } from "../check_acme.ts";
import { checkAdminUsers } from "../check_admin_password.ts";
import { checkDescriptors } from "../check_descriptors.ts";
import { checkCertificate, checkListens, checkPorts } from "../check_listeners.ts";
import { checkReach } from "../check_reach.ts";
import { checkDocker, checkRoutes } from "../check_sources.ts";
import { tryRouting } from "../check_files.ts";
import { readSnapshot } from "../input.ts";
import { findLoneHaproxy, type LoneHaproxy } from "../lone_haproxy.ts";
import { absolute } from "../absolute.ts";
import { checkFleet } from "../fleet.ts";
import { prepareRouting } from "../routing.ts";
import { settingsOf } from "../settings.ts";
import { checkLength, openStateDir, stateDirOf } from "../state_dir.ts";
import { jsonDocument, type Terminal } from "../terminal.ts";

const RUNNING = "the signalbox that runs";

/** Checks everything that `run` needs; answers with 0 where all checks pass, with 1 otherwise. */
export async function doctor(
  options: { readonly json?: boolean } & Record<string, unknown>,
  terminal: Terminal,
): Promise<number> {
  const settings = settingsOf(options, terminal);
  const { running, silent } = await askRunning(settings, terminal);
  const lone = running === undefined ? await findLone(settings, terminal) : undefined;
  const checks = [
    ...await checkDocker(settings),
    ...await checkRoutes(settings),
    await checkHaproxy(settings),
    await checkStateDir(settings, terminal),
    ...checkPlaces(settings),
    ...await checkAdminUsers(settings),
    ...checkPorts(settings, { running, lone }),
    await checkCertificate(settings),
    ...await checkAcme(settings, {
      isRunning: running !== undefined,
      model: () => modelOfNow(settings, terminal),
    }),
    await checkDescriptors(settings, () => readSnapshot(settings, terminal)),
    ...await checkStreamPorts(settings, terminal, { running, lone }),
    ...await checkConfigOfNow(settings, terminal),
    await checkAddresses(settings, terminal),
    running && checkRunning(running),
    silent,
  ].filter((check) => check !== undefined);
  const isWell = checks.every((check) => check.isGood);
  if (options.json) await terminal.out(jsonDocument({ isWell, checks }));
  else {
    await terminal.out(checks.map(formatCheck).join(""));
    if (running !== undefined) {
      await terminal.out(`\na signalbox runs with this state directory:\n${formatStatus(running)}`);
    }
  }
  return isWell ? 0 : 1;
}

function formatCheck({ name, isGood, detail, remedy }: Check): string {
  const advice = isGood || remedy === undefined ? "" : `      ${remedy}\n`;
  return `${onOneLine(`${isGood ? "ok  " : "FAIL"}  ${name}: ${detail}`)}\n${advice}`;
}

/** The signalbox of the state directory, or what is wrong where something there does not answer. */
async function askRunning(
  settings: Settings,
  terminal: Terminal,
): Promise<{ readonly running?: Status | undefined; readonly silent?: Check }> {
  try {
    return {
      running: await askControl(stateDirOf(settings, terminal), "GET", "/status") as Status | undefined,
    };
  } catch (error) {
    if (!(error instanceof SilentSignalboxError)) return {};
    const [detail = "", ...remedy] = error.message.split("; ");
    return { silent: { name: RUNNING, isGood: false, detail, remedy: remedy.join("; ") } };
  }
}

/** The HAProxy of a signalbox that is gone; that of a place that cannot be is told by another check. */
async function findLone(settings: Settings, terminal: Terminal): Promise<LoneHaproxy | undefined> {
  if (settings.external) return undefined;
  try {
    return await findLoneHaproxy(stateDirOf(settings, terminal));
  } catch {
    return undefined;
  }
}

/** Whether the ports that containers ask for now can be had; what is wrong with containers is told by other checks. */
async function checkStreamPorts(
  settings: Settings,
  terminal: Terminal,
  occupants: Parameters<typeof checkPorts>[1] & object,
): Promise<Check[]> {
  if (settings.tcpPorts.length === 0) return [];
  try {
    const { design } = await prepareRouting(settings);
    const { listens } = design.build(await readSnapshot(settings, terminal)).model.streams;
    return checkListens(settings, listens, occupants);
  } catch {
    return [];
  }
}

async function checkHaproxy(settings: Settings): Promise<Check> {
  const name = "haproxy";
  try {
    const program = await findHaproxy(settings.haproxy);
    return { name, isGood: true, detail: `${program.path}, version ${program.text}` };
  } catch (error) {
    const [detail = "", remedy] = messageOf(error).split("; ");
    return { name, isGood: false, detail, ...(remedy !== undefined && { remedy }) };
  }
}

async function checkStateDir(settings: Settings, terminal: Terminal): Promise<Check> {
  let folder = "--state-dir";
  try {
    folder = stateDirOf(settings, terminal);
    checkLength(folder);
    const isThere = await Deno.stat(folder).then(() => true, () => false);
    openStateDir(folder);
    const probe = `${folder}/.doctor-${crypto.randomUUID().slice(0, 8)}`;
    // As much as a large config needs: a full disk shows here.
    await Deno.writeFile(probe, new Uint8Array(1_048_576), { createNew: true });
    await Deno.remove(probe);
    if (!isThere) await Deno.remove(folder);
    return { name: "state directory", isGood: true, detail: `${folder} can be written` };
  } catch (error) {
    const remedy = "name a folder of your own that can be written, on a disk with space, with --state-dir";
    return { name: "state directory", isGood: false, detail: messageOf(error), remedy };
  }
}

/** signalbox writes nothing to paths that other users can redirect or change. */
function checkPlaces({ config, pidFile }: Settings): Check[] {
  const places = { "--config": config, "--pid-file": pidFile };
  return Object.entries(places).flatMap(([name, path]): Check[] => {
    if (path === undefined || path === "/dev/null") return [];
    try {
      checkWay(absolute(path));
      return [{ name, isGood: true, detail: `nobody else can change ${path}` }];
    } catch (error) {
      const remedy = `fix its owner or mode, or name another place with ${name}`;
      return [{ name, isGood: false, detail: messageOf(error), remedy }];
    }
  });
}

/** The trouble of the running signalbox, if it has any. */
function checkRunning({ haproxy, trouble, sources, pid }: Status): Check {
  const troubles = [
    haproxy.isServing ? undefined : "HAProxy does not serve",
    trouble === undefined ? undefined : `HAProxy is not in step: ${trouble}`,
    ...sources.map(troubleOfSource),
  ].filter((each) => each !== undefined);
  return {
    name: RUNNING,
    isGood: troubles.length === 0,
    detail: troubles.length === 0 ? `pid ${pid}, in step` : troubles.join("; "),
    remedy: "fix what it names; signalbox keeps trying, and its log has details",
  };
}

/** What is to be routed now; `undefined` where that cannot be read, which other checks tell. */
async function modelOfNow(settings: Settings, terminal: Terminal): Promise<Model | undefined> {
  try {
    const { design } = await prepareRouting(settings);
    return design.build(await readSnapshot(settings, terminal)).model;
  } catch {
    return undefined;
  }
}

async function checkConfigOfNow(settings: Settings, terminal: Terminal): Promise<Check[]> {
  const name = "config";
  try {
    await checkFleet(settings);
    const routing = await prepareRouting(settings);
    const program = await findHaproxy(settings.haproxy);
    const { built, why } = await tryRouting(routing, await readSnapshot(settings, terminal), program.path);
    const warnings = built.notices.filter((notice) => notice.severity === "warning").length;
    const detail = why === undefined
      ? `HAProxy would load it: ${
        count(built.model.routes.length + built.model.streams.routes.length, "route")
      }, ${count(warnings, "warning")} (see signalbox explain)`
      : why;
    const refused = built.notices.filter(({ code }) => code === "certificate-refused");
    return [
      ...refused.map(({ subject, message }) => ({
        name: `certificate ${subject}`,
        isGood: false,
        detail: message,
        remedy: "put another certificate there; the others are used",
      })),
      {
        name,
        isGood: why === undefined,
        detail,
        remedy: "fix what the message names, then check with signalbox render --validate",
      },
    ];
  } catch (error) {
    return [{
      name,
      isGood: false,
      detail: messageOf(error),
      remedy: "this needs the checks above to pass first",
    }];
  }
}

/** Whether containers are reached at their addresses; those of a rootless engine, or of one in a VM, are not. */
async function checkAddresses(settings: Settings, terminal: Terminal): Promise<Check | undefined> {
  try {
    const routing = await prepareRouting(settings);
    const { model } = routing.design.build(await readSnapshot(settings, terminal));
    const { probed, away } = await checkReach(model);
    if (probed === 0) return undefined;
    const name = "addresses";
    if (away === undefined) return { name, isGood: true, detail: "containers' own addresses lead to them" };
    const detail = `${away.what} cannot be reached from here`;
    if (away.hasPublished) {
      return { name, isGood: true, detail: `${detail}, and its published port is used if that answers` };
    }
    const remedy = "publish its port (-p), or run signalbox where the engine's networks are";
    // The containers of a snapshot may be on another machine.
    return settings.snapshot === undefined
      ? { name, isGood: false, detail, remedy }
      : { name, isGood: true, detail: `${detail}: ${remedy}` };
  } catch {
    // The checks above report what cannot be read.
    return undefined;
  }
}
