import type { Frontend, Streams } from "../model/model.ts";
import {
  ACME_FRONTEND,
  answersName,
  innerBackend,
  innerSection,
  innerSectionOf,
  leadsInside,
  type Listen,
  listenName,
  listenSection,
} from "../values/listen.ts";
import { type BindLine, bindsOn, innerTcpOptions } from "./bind_lines.ts";

/**
 * What a config has for TCP: what all ports have in common, and the frontend of each. HAProxy may listen on more ports than are
 * in use: a port that nobody has any more refuses, and costs no reload.
 */
export type TcpPart = {
  readonly rules: string;
  /** Lines by the name of the frontend: `_tcp_5432`, `_tls_8883`; with `_inner_8883` stands the backend that leads to it. */
  readonly ports: ReadonlyMap<string, string>;
};

/** A config without TCP. */
export const NO_TCP: TcpPart = { rules: "", ports: new Map() };

const DEFAULTS: readonly string[] = ["_tcp_base", "_acme_base"];
const FRONTEND = /^_(?:tcp|tls|inner)_\d+$/;

/** Whether a line begins one of the sections for TCP. */
export function beginsTcp(line: string): boolean {
  const [kind, name = ""] = line.split(/\s+/);
  return (kind === "defaults" && DEFAULTS.includes(name)) || (kind === "backend" && leadsInside(name)) ||
    (kind === "frontend" && (FRONTEND.test(name) || name === ACME_FRONTEND));
}

/** The share of connections that a port has: it changes with the number of ports, and is no reason to reload. */
const SHARE = /^(maxconn |stick-table type ipv6 size |tcp-request .* sc_conn_cur\(0\) gt )\d+/;

/** Takes the lines of these sections apart; a line of a text is without comments and blanks at its ends. */
export function tcpPartOf(lines: readonly string[]): TcpPart {
  if (lines.length === 0) return NO_TCP;
  const rules: string[] = [];
  const ports = new Map<string, string[]>();
  let section = rules;
  for (const line of lines) {
    if (beginsTcp(line)) {
      const [kind, name = ""] = line.split(/\s+/);
      section = ports.get(innerSectionOf(name) ?? "") ?? rules;
      if (kind === "frontend" && name !== ACME_FRONTEND) ports.set(name, section = []);
    }
    section.push(line.replace(SHARE, "$1…"));
  }
  return {
    rules: rules.join("\n"),
    ports: new Map([...ports].map(([name, own]) => [name, own.join("\n")] as const)),
  };
}

/** The lines of a text that HAProxy reads. */
export const linesOf = (text: string): string[] =>
  text.split("\n").map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));

/** A port as the template needs it. */
type TcpPort = Listen & {
  readonly section: string;
  readonly name: string;
  readonly binds: readonly BindLine[];
  readonly maxConnections: number;
  readonly maxConnectionsPerClient: number;
  /** What no route wants goes on to where HAProxy ends the TLS of HTTPS. */
  readonly isBeforeHttps: boolean;
  /** With which keys of hosts begin of which authorities ask here. */
  readonly answers: string | undefined;
  /** The backend that leads to where HAProxy ends the TLS of hosts of this port, which stands there while one wants it. */
  readonly toInner: string;
  readonly inner:
    | { readonly section: string; readonly options: string; readonly maxConnections: number }
    | undefined;
};

/** A port has at least this part of all connections, however many ports there are. */
const SMALLEST_SHARE = 8;

/**
 * The listeners of the routes that are none of HTTP. Each has a limit of its own, so that one that is busy takes nothing from
 * the others: what is left of `maxConnections` when it is shared evenly. The one before HTTPS has as many again for what
 * goes through it.
 */
export function tcpPorts(
  frontend: Frontend,
  { listens, areBeforeHttps, inner }: Streams,
): readonly TcpPort[] {
  const { address, maxConnections: all, maxConnectionsPerClient: perClient, tls } = frontend;
  const isBeforeHttps = ({ port }: Listen) => areBeforeHttps && port === tls?.port;
  const shares = listens.filter((listen) => !isBeforeHttps(listen)).length;
  const share = Math.ceil(all / Math.min(shares, SMALLEST_SHARE));
  return listens.map((listen) => {
    const isBefore = isBeforeHttps(listen);
    const name = listenName(listen);
    return {
      ...listen,
      name,
      section: listenSection(listen),
      binds: bindsOn(address, listen.port, ` name ${name}`),
      maxConnections: isBefore ? 2 * all : share,
      maxConnectionsPerClient: isBefore ? perClient : Math.ceil(perClient * share / all),
      isBeforeHttps: isBefore,
      answers: isBefore && tls?.answersAuthorities === true ? answersName(listen.port) : undefined,
      toInner: innerBackend(listen.port),
      inner: tls === undefined || !inner.includes(listen.port) ? undefined : {
        section: innerSection(listen.port),
        options: innerTcpOptions(listen.port, tls),
        maxConnections: isBefore ? all : share,
      },
    };
  });
}
