/** A request as HAProxy logged it, by the log format of `defaults.eta`; times are in milliseconds, -1 for none. */
export type AccessFields = {
  readonly client: string;
  /** The name in the Host header, where it is one. */
  readonly host?: string;
  /** The route's id; `_unknown_host` for hosts that no container serves. */
  readonly route?: string;
  /** The short id of the container that answered. */
  readonly container?: string;
  readonly method?: string;
  readonly path?: string;
  readonly status: number;
  readonly bytes: number;
  readonly requestMs: number;
  readonly queueMs: number;
  readonly connectMs: number;
  readonly answerMs: number;
  readonly totalMs: number;
  readonly retries: number;
  /** How the session ended (HAProxy manual, 8.5, session state at disconnection). */
  readonly end: string;
  readonly tls?: string;
};

const TIMES = String.raw`(-?\d+)/(-?\d+)/(-?\d+)/(-?\d+)/\+?(-?\d+)`;
const LINE = new RegExp(
  String.raw`^([0-9a-fA-F.:]+):\d+ \[[^\]]+\] \S+ ([^\s/]+)/(\S+) ${TIMES} (-?\d+) \+?(\d+) - - (\S+) ` +
    String.raw`\S+/\S+/\S+/\S+/\+?(\d+) \S+ \{([^\s|}]*)\|([^\s|}]*)\} "(.*)`,
);
/** The request as the client sent it; a long one is cut, with what ends it. Any token is a method (RFC 9110, section 9.1). */
const REQUEST = /^([^\s"]{1,40}) (\S+)/;

/** Reads a line of the access log; `undefined` for anything else, such as a request that HAProxy could not read in full. */
export function parseAccessLine(line: string): AccessFields | undefined {
  const found = LINE.exec(line);
  if (found === null) return undefined;
  const [, client = "", route, server = "", ...rest] = found;
  const [requestMs, queueMs, connectMs, answerMs, totalMs, status, bytes] = rest.slice(0, 7).map(Number);
  const [end = "", retries, host, tls, request = ""] = rest.slice(7);
  const [, method, target] = REQUEST.exec(request) ?? [];
  const path = target?.replace(/"$/, "");
  const container = /^[^<].*:([A-Za-z0-9_-]{1,12}):\d+$/.exec(server)?.[1];
  return {
    client,
    ...isSaid(host) && { host },
    ...isSaid(route) && { route },
    ...container !== undefined && { container },
    ...method !== undefined && { method },
    ...path !== undefined && { path },
    status: status ?? 0,
    bytes: bytes ?? 0,
    requestMs: requestMs ?? -1,
    queueMs: queueMs ?? -1,
    connectMs: connectMs ?? -1,
    answerMs: answerMs ?? -1,
    totalMs: totalMs ?? -1,
    retries: Number(retries),
    end,
    ...isSaid(tls) && { tls },
  };
}

const isSaid = (text: string | undefined): text is string =>
  text !== undefined && text !== "" && text !== "-";
