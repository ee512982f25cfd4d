import { systemClock } from "../clock.ts";
import { Machine } from "../machine.ts";
import type { Built } from "../core/model/build_model.ts";
import type { Settings } from "../core/settings/settings.ts";
import { certificateNotices } from "../core/status/acme_status.ts";
import type { Status } from "../core/status/status.ts";
import type { Which } from "../docker/api/read_containers.ts";
import { readSnapshot } from "./input.ts";
import { prepareRouting, type Routing } from "./routing.ts";
import { findRunning, type Found, settingsOfRunning } from "./running.ts";
import { settingsOf } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

/** What would be routed now: of a snapshot by itself, else as the signalbox that runs here would do it. */
export type Present = {
  readonly settings: Settings;
  readonly routing: Routing;
  /** The signalbox that runs here, as far as it was looked for. */
  readonly found: Found | undefined;
  readonly status: Status | undefined;
  readonly build: (which?: Which) => Promise<Built>;
};

/** Prepares it from the flags of a command. Throws Failure. */
export async function presentOf(options: Record<string, unknown>, terminal: Terminal): Promise<Present> {
  const given = settingsOf(options, terminal);
  // A snapshot is explained by itself.
  const found = given.snapshot === undefined ? await findRunning(given, terminal) : undefined;
  const settings = settingsOf(options, terminal, await settingsOfRunning(found));
  const routing = await prepareRouting(settings);
  const status = found?.kind === "runs" ? found.status : undefined;
  // A snapshot is explained by itself, whichever machine reads it.
  const machine = settings.snapshot === undefined
    ? { addresses: new Machine(systemClock).addresses(), serverLimit: status?.serverLimit }
    : undefined;
  // Only the running signalbox knows which ways have been proven.
  const inUse = new Map((status?.detours ?? []).map(({ server, ...at }) => [server, at]));
  const told = new Set<string>();
  const tell = (line: string) => {
    if (!told.has(line)) terminal.err(line);
    told.add(line);
  };
  const build = async (which: Which = "running") => {
    const snapshot = await readSnapshot(settings, terminal, { which, tell });
    const built = routing.design.build(snapshot, inUse, machine);
    return { ...built, notices: [...built.notices, ...certificateNotices(built.model, status?.acme)] };
  };
  return { settings, routing, found, status, build };
}
