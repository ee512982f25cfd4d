import { formatStatus, isWell } from "../../core/status/status.ts";
import { controlPath } from "../../report/control_socket.ts";
import { failed } from "../failure.ts";
import { settingsOf } from "../settings.ts";
import { loneWords, TAKES_OVER } from "../lone_haproxy.ts";
import { asOwner, findRunning } from "../running.ts";
import { stateDirOf } from "../state_dir.ts";
import { jsonDocument, type Terminal } from "../terminal.ts";

/** Prints the status of a running signalbox; answers with 1 where HAProxy does not serve or is not in step. Throws Failure. */
export async function status(
  options: { readonly json?: boolean } & Record<string, unknown>,
  terminal: Terminal,
): Promise<number> {
  const settings = settingsOf(options, terminal);
  const found = await findRunning(settings, terminal);
  if (found.kind === "denied") {
    throw failed(
      `cannot ask the signalbox at ${controlPath(found.stateDir)}, which is user ${found.owner}'s; type: ${
        asOwner(found, "status", ...(options.json ? ["--json"] : []))
      }`,
    );
  }
  if (found.kind === "none") {
    const stateDir = stateDirOf(settings, terminal);
    if (found.lone !== undefined) {
      throw failed(
        `no signalbox answers at ${controlPath(found.lone.stateDir)}: ${
          loneWords(found.lone)
        }, with what it had; ${TAKES_OVER}`,
      );
    }
    throw failed(
      `no signalbox answers at ${
        controlPath(stateDir)
      }, expected one that runs with --state-dir ${stateDir}; ` +
        "signalbox run starts one",
    );
  }
  const { status: answer } = found;
  await terminal.out(options.json ? jsonDocument(answer) : formatStatus(answer));
  return isWell(answer) ? 0 : 1;
}
