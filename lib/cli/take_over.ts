import { systemClock } from "../clock.ts";
import type { Status } from "../core/status/status.ts";
import { askControl } from "../report/control_socket.ts";
import { failed } from "./failure.ts";
import type { RunContext } from "./open/run_context.ts";

/** How long the signalbox before us may take to leave, in milliseconds. */
const HAND_OVER_LIMIT_MS = 10_000;

/**
 * Asks the signalbox that runs with this state directory to hand HAProxy over, once `prove` has not thrown. So an upgrade
 * costs no request, and a signalbox that cannot work does not end one that does. Answers with whether there was one.
 */
export async function takeOver(
  stateDir: string,
  { report, service }: Pick<RunContext, "report" | "service">,
  prove: () => Promise<void>,
): Promise<boolean> {
  const before = await askControl(stateDir, "GET", "/status") as Partial<Status> | undefined;
  if (before === undefined) return false;
  await prove();
  // Where both belong to one service, it is not over with the end of the one before.
  await service?.takePlace(before.pid ?? 0);
  const answer = await askControl(stateDir, "POST", "/hand-over") as { pid?: number } | undefined;
  // It left in this moment.
  if (answer === undefined) return false;
  report.tell({ kind: "taking-over", pid: answer.pid });
  const until = systemClock.now() + HAND_OVER_LIMIT_MS;
  while (await askControl(stateDir, "GET", "/status") !== undefined) {
    if (systemClock.now() > until) {
      throw failed(`the signalbox with pid ${answer.pid} does not leave ${stateDir}`);
    }
    await systemClock.sleep(10);
  }
  return true;
}
