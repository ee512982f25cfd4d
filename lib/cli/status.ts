import { formatStatus, isWell, type Status } from "../core/status.ts";
import { askControl, controlPath } from "../report/control_socket.ts";
import { failed } from "./failure.ts";
import { settingsOf } from "./settings.ts";
import { stateDirOf } from "./state_dir.ts";
import { jsonDocument, type Terminal } from "./terminal.ts";

/** Asks a running signalbox how it stands; answers with 1 where HAProxy does not serve or is not in step; throws Failure when none runs. */
export async function status(
  options: { readonly json?: boolean } & Record<string, unknown>,
  terminal: Terminal,
): Promise<number> {
  const settings = settingsOf(options, terminal);
  const stateDir = stateDirOf(settings, terminal);
  const answer = await askControl(stateDir, "GET", "/status") as Status | undefined;
  if (answer === undefined) {
    throw failed(
      `no signalbox answers at ${controlPath(stateDir)}, expected one that runs with --state-dir ${stateDir}`,
    );
  }
  await terminal.out(options.json ? jsonDocument(answer) : formatStatus(answer));
  return isWell(answer) ? 0 : 1;
}
