import type { Endpoint } from "../core/model/choose_endpoint.ts";
import { checkRequest } from "../core/keys/health_check.ts";
import type { Backend, Server } from "../core/model/model.ts";
import { plainHost } from "../core/values/names.ts";
import type { ProbeTarget, ProbeWay } from "../ports.ts";

/** How often a container is asked once it is late, in milliseconds: over HTTP at most so rarely, or whether it listens. */
const ANSWER_LATE_MS = 10_000;
const LISTEN_LATE_MS = 1_000;

/** What a container is asked by. */
export function targetOf({ host: written, shape }: Backend, server: Server): ProbeTarget {
  const host = plainHost(written);
  const check = checkRequest(shape.check, written);
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
      ...server.options.warm ? [{ request: warm, isAnyRight: true }] : [],
      ...check === undefined ? [] : [{ request: check, isAnyRight: false }],
    ],
    tlsName: server.options.ssl_backend ? host : undefined,
    lateMs: server.options.warm
      ? ANSWER_LATE_MS
      : check === undefined
      ? LISTEN_LATE_MS
      : Math.min(ANSWER_LATE_MS, shape.check_interval),
  };
}

/** What has to be proven anew if it is another; a check that is changed leaves those alone that have traffic. */
export const identityOf = (target: ProbeTarget, { options }: Server): string => {
  const { hostname, port, via, own, elsewhere, tlsName } = target;
  return JSON.stringify([hostname, port, via, own, elsewhere, tlsName, options.warm]);
};

/** What a container is asked, and by which other ways; one that is still asked is asked anew if it changes. */
export const asksOf = ({ questions, others }: ProbeTarget): string => JSON.stringify([questions, others]);

/** The ways to a container that are better than the published port that is used; none where that is the rule's. */
export function betterWays({ others, isDetour, via }: Server): readonly Endpoint[] {
  return isDetour && via === "published" ? others.filter((way) => way.via === "container") : [];
}

/** What is asked to find out whether one of them leads to the container again. */
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
