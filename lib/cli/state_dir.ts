import { messageOf } from "../core/values/message_of.ts";
import type { Settings } from "../core/settings/settings.ts";
import { controlPath } from "../report/control_socket.ts";
import { checkWay, inFolder, isTrustedUser, UntrustedPathError } from "../haproxy/files/trusted_path.ts";
import { failed, wrongUsage } from "./failure.ts";
import { absolute } from "./absolute.ts";
import type { Terminal } from "./terminal.ts";

/** The longest path of the state directory, in bytes: a socket's path has 107, and HAProxy uses a longer name for a while. */
const LONGEST_STATE_DIR = 80;

/** The traces of a signalbox in its state directory: at least one is there, however it ended. */
const OURS = /^(?:generations|control\.sock|empty|stdin\.json|docker-[0-9a-f]{8}\.sock)$/;

/** The absolute path of the folder for sockets and applied files. Throws a Failure where there is no such place. */
export function stateDirOf({ stateDir }: Pick<Settings, "stateDir">, terminal: Terminal): string {
  return absolute(stateDir ?? defaultStateDir(terminal));
}

function defaultStateDir(terminal: Terminal): string {
  if (Deno.uid() === 0) return "/run/signalbox";
  const runtime = terminal.env("XDG_RUNTIME_DIR");
  if (runtime !== undefined && runtime !== "") return `${runtime}/signalbox`;
  throw wrongUsage(
    "cannot choose a state directory: XDG_RUNTIME_DIR is not set, expected --state-dir DIR, or root",
  );
}

/** Throws a Failure where the path is too long for the sockets in it. */
export function checkLength(stateDir: string): void {
  if (new TextEncoder().encode(stateDir).length <= LONGEST_STATE_DIR) return;
  const length = `at most ${LONGEST_STATE_DIR} bytes: the path of a socket in it may not be longer`;
  throw wrongUsage(`the state directory is "${stateDir}", expected --state-dir with ${length}`);
}

/**
 * Makes the state directory, or checks an existing one: no other user may have made it or its content. Closes it to others,
 * but never a folder that serves another purpose. Throws Failure.
 */
export function openStateDir(stateDir: string): void {
  try {
    inFolder(stateDir, (place) => {
      const { uid, mode } = Deno.statSync(".");
      if (uid !== Deno.uid()) throw notOurs(place, uid);
      const names = [...Deno.readDirSync(".")].map(({ name }) => name);
      for (const name of names) {
        const { uid } = Deno.lstatSync(name);
        if (!isTrustedUser(uid)) throw notOurs(`${place}/${name}`, uid);
      }
      const isOpen = ((mode ?? 0) & 0o007) !== 0;
      const isOurs = names.every((name) => name === "lost+found") ||
        names.some((name) => OURS.test(name));
      if (isOpen && !isOurs) throw new UntrustedPathError(`${place} is there for others too`);
    });
  } catch (error) {
    throw failed(cannotUse(stateDir, error));
  }
}

const notOurs = (place: string, uid: number | null): UntrustedPathError =>
  new UntrustedPathError(`${place} belongs to user ${uid}, expected it to be of user ${Deno.uid()}`);

/** Why a state directory cannot be used, and what would be right. */
export function cannotUse(stateDir: string, error: unknown): string {
  const advice = error instanceof UntrustedPathError
    ? "or another --state-dir, with a folder of its own"
    : "expected --state-dir with a folder that can be written";
  return `cannot use the state directory ${stateDir}: ${messageOf(error)}, ${advice}`;
}

/** Whether we or root made a state directory and the control socket in it, so that no other user answers there. */
export function isTrustedStateDir(stateDir: string): boolean {
  try {
    checkWay(`${stateDir}/`);
    // In a folder such as /tmp any user may have made the socket, but nobody can replace ours.
    return isTrustedUser(Deno.lstatSync(controlPath(stateDir)).uid);
  } catch {
    return false;
  }
}
