import type { Settings } from "../core/settings/settings.ts";
import type { Status } from "../core/status/status.ts";
import { askControl, controlPath } from "../report/control_socket.ts";
import { findLoneHaproxy, type LoneHaproxy } from "./lone_haproxy.ts";
import { absolute } from "./absolute.ts";
import { isTrustedStateDir, stateDirOf } from "./state_dir.ts";
import type { Terminal } from "./terminal.ts";

/** The default state directory of root's signalbox. */
const ROOTS_STATE_DIR = "/run/signalbox";

/** The signalbox that runs here: its status; or the user who may ask it, where we may not; or the places where none answered, and the HAProxy there. */
export type Found =
  | { readonly kind: "runs"; readonly stateDir: string; readonly status: Status }
  | { readonly kind: "denied"; readonly stateDir: string; readonly owner: number }
  | { readonly kind: "none"; readonly stateDirs: readonly string[]; readonly lone: LoneHaproxy | undefined };

/** Asks the signalbox of a state directory; without that setting, root's too. */
export async function findRunning(settings: Settings, terminal: Terminal): Promise<Found> {
  const stateDirs = placesOf(settings, terminal);
  for (const stateDir of stateDirs) {
    const status = await askControl(stateDir, "GET", "/status") as Status | undefined;
    if (status !== undefined) return { kind: "runs", stateDir, status };
  }
  for (const stateDir of stateDirs) {
    const owner = strangerAt(stateDir);
    if (owner !== undefined) return { kind: "denied", stateDir, owner };
  }
  const lone = await Promise.all(stateDirs.map(findLoneHaproxy));
  return { kind: "none", stateDirs, lone: lone.find((each) => each !== undefined) };
}

/** The state directories where a signalbox may run: the one that is named, else our own and root's. */
export function placesOf(settings: Settings, terminal: Terminal): readonly string[] {
  if (settings.stateDir !== undefined) return [absolute(settings.stateDir)];
  const places = new Set([ROOTS_STATE_DIR]);
  try {
    return [...new Set([stateDirOf(settings, terminal), ...places])];
  } catch {
    // There is no default state directory.
    return [...places];
  }
}

/** The user whose control socket we may not use. */
function strangerAt(stateDir: string): number | undefined {
  if (Deno.uid() === 0) return undefined;
  try {
    const { uid } = Deno.lstatSync(controlPath(stateDir));
    return uid === null || uid === Deno.uid() ? undefined : uid;
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) return undefined;
  }
  try {
    return Deno.lstatSync(stateDir).uid ?? 0;
  } catch {
    return 0;
  }
}

/** The command line for the user who may ask: our command, with the arguments that no shell would interpret. */
export function asOwner(
  { stateDir, owner }: { readonly stateDir: string; readonly owner: number },
  ...words: readonly string[]
): string {
  const place = stateDir === ROOTS_STATE_DIR ? [] : ["--state-dir", stateDir];
  const plain = [...words, ...place].filter((word) => /^[\w.:/@*%+,=-]+$/.test(word));
  return `sudo ${owner === 0 ? "" : `-u '#${owner}' `}signalbox ${plain.join(" ")}`;
}

/** The settings of the running signalbox, under those that are given. Only from a trusted one: settings name programs to run. */
export async function settingsOfRunning(found: Found | undefined): Promise<Record<string, string>> {
  if (found?.kind !== "runs" || !isTrustedStateDir(found.stateDir)) return {};
  return await askControl(found.stateDir, "GET", "/settings") as Record<string, string> | undefined ?? {};
}
