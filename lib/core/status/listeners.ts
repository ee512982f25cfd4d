import type { Streams } from "../model/model.ts";
import type { RoutingSettings } from "../model/routing_settings.ts";

/** What HAProxy is to listen on; `*` is every address of the machine. */
export type ListenerStatus = {
  readonly address: string;
  readonly port: number;
  readonly isTls: boolean;
  /** The protocol there, where it is not HTTP. */
  readonly protocol?: "tcp" | "tls";
};

/** The listeners of a frontend, plain HTTP first. */
export function listenersOf({ address, httpPort, tls }: RoutingSettings["frontend"]): ListenerStatus[] {
  const where = { address: address ?? "*" };
  const plain = { ...where, port: httpPort, isTls: false };
  return tls === undefined ? [plain] : [plain, { ...where, port: tls.port, isTls: true }];
}

/** The listeners with those for TCP. */
export function withStreams(
  listeners: readonly ListenerStatus[],
  { listens }: Streams,
): readonly ListenerStatus[] {
  const address = listeners[0]?.address ?? "*";
  // The port of HTTPS is told already.
  const others = listens.filter(({ port }) => listeners.every((each) => each.port !== port)).map((
    { port, protocol },
  ) => ({ address, port, isTls: false, protocol }));
  return others.length === 0 ? listeners : [...listeners, ...others];
}

/** The listeners that a HAProxy has and no setting asks for, and the others. */
export function divideListeners(
  had: readonly ListenerStatus[],
  { listeners, tcpPorts = [] }: Pick<RoutingSettings, "listeners" | "tcpPorts">,
): { readonly gone: readonly ListenerStatus[]; readonly kept: readonly ListenerStatus[] } {
  const isWanted = ({ address, port }: ListenerStatus) =>
    listeners.some((each) => each.port === port && (each.address ?? "*") === address) ||
    tcpPorts.some(({ first, last }) => first <= port && port <= last);
  return { gone: had.filter((each) => !isWanted(each)), kept: had.filter(isWanted) };
}

/** `*:80, *:443 (TLS), *:5432 (tcp)` */
export const formatListeners = (listeners: readonly ListenerStatus[]): string =>
  listeners.map(({ address, port, isTls, protocol }) =>
    `${address.includes(":") ? `[${address}]` : address}:${port}${
      protocol === undefined ? isTls ? " (TLS)" : "" : ` (${protocol})`
    }`
  ).join(", ");

/** What to do about a port that cannot be had; `flag` is the setting that names it. */
export const remedyOfPort = (isTaken: boolean, flag: string, addressFlag = flag): string =>
  isTaken
    ? `stop the program that has it (ss -ltnp tells which), or choose another with ${flag}`
    : `ports below 1024 need root or CAP_NET_BIND_SERVICE (or choose another with ${flag}); the address of ${addressFlag} must be this machine's`;
