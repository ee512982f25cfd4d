import type { Endpoint } from "../core/model/choose_endpoint.ts";
import { checkRequest } from "../core/keys/health_check.ts";
import type { Backend, Server } from "../core/model/model.ts";
import { plainHost } from "../core/values/names.ts";
import type { ProbeTarget, ProbeWay } from "../ports.ts";

/** How often a container is probed once it is late, in milliseconds: at most over HTTP, and by a connection alone. */
const ANSWER_LATE_MS = 10_000;
const LISTEN_LATE_MS = 1_000;

/** How a container is probed. */
export function targetOf({ host: written, shape }: Backend, server: Server): ProbeTarget {
  const host = plainHost(written);
  const check = checkRequest(server.laterCheck ?? shape.check, written);
  const { warm: isWarm, backend_protocol, send_proxy } = server.options;
  // A probe asks by HTTP/1 alone, and begins with no PROXY line: others are proven by a connection, as HAProxy's check does.
  const speaksHttp = backend_protocol === "h1" && send_proxy === undefined;
  const warm = `GET / HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: signalbox\r\nConnection: close\r\n\r\n`;
  return {
    container: server.containerId,
    hostname: server.address,
    port: server.port,
    via: server.via,
    own: server.own === undefined ? undefined : { hostname: server.own.address, port: server.own.port },
    others: server.others.map(wayOf),
    isCalm: false,
    elsewhere: server.elsewhere,
    questions: [
      ...isWarm && speaksHttp ? [{ request: warm, isAnyRight: true }] : [],
      ...check === undefined || !speaksHttp ? [] : [{ request: check, isAnyRight: false }],
    ],
    tlsName: server.options.ssl_backend ? host : undefined,
    lateMs: server.options.warm
      ? ANSWER_LATE_MS
      : check === undefined
      ? LISTEN_LATE_MS
      : Math.min(ANSWER_LATE_MS, Math.max(shape.check_interval, server.leastCheckMs ?? 0)),
  };
}

/** A server needs a new probe when this changes. A changed check is not part of it: a server with traffic keeps it. */
export const identityOf = (target: ProbeTarget, { options }: Server): string => {
  const { hostname, port, via, own, elsewhere, tlsName } = target;
  return JSON.stringify([hostname, port, via, own, elsewhere, tlsName, options.warm]);
};

/** The requests of a probe, and the other ways that it tries. A probe under way begins anew when this changes. */
export const asksOf = ({ questions, others }: ProbeTarget): string => JSON.stringify([questions, others]);

/** The ways to a container that are better than the published port in use; none where the rules chose that port. */
export function betterWays({ others, isDetour, via }: Server): readonly Endpoint[] {
  return isDetour && via === "published" ? others.filter((way) => way.via === "container") : [];
}

/** How to probe whether a better way leads to the container again. */
export function homeTarget(backend: Backend, server: Server): ProbeTarget | undefined {
  const [first, ...others] = betterWays(server).map(wayOf);
  return first && { ...targetOf(backend, server), ...first, own: undefined, others, isCalm: true };
}

const wayOf = ({ address, port, via, elsewhere }: Endpoint): ProbeWay => ({
  hostname: address,
  port,
  via,
  elsewhere,
});
