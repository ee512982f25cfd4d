import type { Frontend, Streams } from "../model/model.ts";
import { HTTPS_BACKEND, listenName } from "../values/listen.ts";
import { type BindLine, bindsOn } from "./bind_lines.ts";

/**
 * What a config has for TCP: its rules, and its listeners by themselves. HAProxy may listen on more ports than are in use: a
 * port that nobody has any more refuses, and costs no reload.
 */
export type TcpPart = { readonly rules: string; readonly binds: ReadonlySet<string> };

/** A config without TCP. */
export const NO_TCP: TcpPart = { rules: "", binds: new Set() };

const DEFAULTS = "_tcp_base";
const FRONTEND = "_tcp";

/** Whether a line begins one of the sections for TCP. */
export function beginsTcp(line: string): boolean {
  const [kind, name] = line.split(/\s+/);
  return (kind === "defaults" && name === DEFAULTS) || (kind === "frontend" && name === FRONTEND) ||
    (kind === "backend" && name === HTTPS_BACKEND);
}

/** Takes the lines of these sections apart; a line of a text is without comments and blanks at its ends. */
export function tcpPartOf(lines: readonly string[]): TcpPart {
  if (lines.length === 0) return NO_TCP;
  const binds = new Set<string>();
  // A listener for IPv6 stands in a condition of its own.
  const text = lines.join("\n").replaceAll(
    /^(?:\.if defined\(SIGNALBOX_NO_IPV6\)\n\.else\n)?bind (.+)\n(?:\.endif\n)?/gm,
    (_, bind) => {
      binds.add(bind);
      return "";
    },
  );
  return { rules: text, binds };
}

/** The lines of a text that HAProxy reads. */
export const linesOf = (text: string): string[] =>
  text.split("\n").map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));

/** The listeners of the routes that are none of HTTP. */
export const tcpBinds = (frontend: Frontend, { listens }: Streams): BindLine[] =>
  listens.flatMap((listen) => bindsOn(frontend.address, listen.port, ` name ${listenName(listen)}`));
