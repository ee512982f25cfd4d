import { systemClock } from "../../clock.ts";
import { messageOf } from "../../core/values/message_of.ts";
import type { Controller } from "../../loop/controller.ts";
import type { Reporter } from "../../ports.ts";
import { ServiceManager } from "../../report/service_manager.ts";
import type { Terminal } from "../terminal.ts";

const [SOCKET, WATCHDOG, WATCHED] = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"];

/** The service manager that started us; `undefined` where none did that wants to hear of us. */
export function openService(
  stateDir: string,
  report: Reporter,
  terminal: Terminal,
): ServiceManager | undefined {
  const socket = terminal.env(SOCKET) ?? "";
  if (socket === "") return undefined;
  const [watchdogUsec, watchedPid] = [numberOf(terminal.env(WATCHDOG)), numberOf(terminal.env(WATCHED))];
  // HAProxy and other programs that we start are not the service.
  for (const name of [SOCKET, WATCHDOG, WATCHED]) Deno.env.delete(name);
  return new ServiceManager({
    given: { socket, watchedPid, watchdogMs: watchdogUsec && watchdogUsec / 1_000 },
    folder: stateDir,
    clock: systemClock,
    onFailure: (error) => report.tell({ kind: "service-manager-unheard", why: messageOf(error) }),
  });
}

/** HAProxy serves what we gave it, or what it had when we took it over. One that others run tells nothing. */
export async function isServing({ state, parts: { haproxy } }: Controller): Promise<boolean> {
  const { isServing, pid } = await haproxy.describe();
  return isServing && (pid !== undefined || state.hasConfig);
}

function numberOf(text: string | undefined): number | undefined {
  const number = /^[0-9]{1,15}$/.test(text ?? "") ? Number(text) : 0;
  return number === 0 ? undefined : number;
}
