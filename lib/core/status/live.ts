import { formatEndpoint } from "../values/names.ts";
import type { ServerStatus } from "./route_status.ts";
import type { Status } from "./status.ts";
import { routeName } from "../model/model.ts";
import type { Verdict } from "../model/verdict.ts";

/** Whether what a container serves gets traffic now; `undefined` where that cannot be told. */
export type Live = { readonly getsTraffic: boolean | undefined; readonly why?: string };

/** Looks up the state of each verdict's server in a running signalbox; nothing for a verdict that serves nothing. */
export function liveStates(status: Status): (verdict: Verdict) => Live | undefined {
  const routes = new Map(status.routes.map(({ route, servers }) => [route, servers]));
  return ({ container, hosts, server }) => {
    const [own] = hosts;
    if (own === undefined || server === undefined) return undefined;
    const address = formatEndpoint(server.address, server.port);
    const found = routes.get(routeName(own))?.find((each) =>
      each.container === container.name && each.address === address
    );
    return found === undefined ? { getsTraffic: false, why: whyUnknown(status) } : liveOf(found);
  };
}

function liveOf({ state, why }: ServerStatus): Live {
  switch (state) {
    case "ready":
      return { getsTraffic: true };
    case "waiting":
      return { getsTraffic: false, why: why ?? "it is waiting" };
    case "draining":
      return { getsTraffic: false, why: "it was told to stop" };
    case "down":
      return { getsTraffic: false, why: why ?? "it is down" };
  }
}

/** Why the running signalbox serves something else than its rules say. */
function whyUnknown({ pid, sources, trouble }: Status): string {
  const lost = sources.find(({ isConnected }) => !isConnected);
  if (lost !== undefined) {
    return lost.kind === undefined
      ? `the signalbox that runs is not connected to ${lost.name} (${lost.detail}), and does not know it`
      : `the signalbox that runs cannot use ${lost.name} as it is (${lost.detail}), and does not know it`;
  }
  if (trouble !== undefined) return `HAProxy is not in step: ${trouble}`;
  const names = sources.map(({ name }) => name).join(", ");
  return `the signalbox that runs (pid ${pid}) does not have it, or has it at another address; it follows ${names}`;
}
