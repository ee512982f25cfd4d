import { beginsTcp, type TcpPart, tcpPartOf } from "../config/tcp_part.ts";
import type { SectionName } from "../runtime/operation.ts";
import type { ServerName } from "../values/names.ts";
import { leadsInside } from "../values/listen.ts";

/** A section of a config without its comments, and its servers by name, each as it stands after `server`. */
type ParsedSection = { readonly body: string; readonly servers: ReadonlyMap<ServerName, string> };

/** A config in pieces; `fixed` is what is neither a backend nor made for new ones. */
export type ParsedConfig = {
  readonly fixed: string;
  readonly tcp: TcpPart;
  readonly resolvers: string;
  readonly backends: ReadonlyMap<SectionName, ParsedSection>;
  readonly defaults: ReadonlyMap<string, string>;
};

/** The words that begin a section (HAProxy manual, section 2.1); those that stand in no config of ours are left out. */
const SECTION = /^(?:global|defaults|frontend|backend|listen|ring|program|peers|resolvers|userlist)\b/;

/** The section of our own that says whom HAProxy asks for names. */
const RESOLVERS = "_names";

/** Reads a config by HAProxy's own rules, as far as our templates, and those that replace them, go. */
export function parseConfig(text: string): ParsedConfig {
  const fixed: string[] = [];
  const tcp: string[] = [];
  const backends = new Map<SectionName, { lines: string[]; servers: Map<ServerName, string> }>();
  const defaults = new Map<string, string[]>();
  const resolvers: string[] = [];
  let lines = fixed;
  let servers: Map<ServerName, string> | undefined;
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const words = line.split(/\s+/);
    if (SECTION.test(line)) {
      const [kind = "", name = "", from] = words;
      const isResolvers = kind === "resolvers" && name === RESOLVERS;
      [lines, servers] = [isResolvers ? resolvers : beginsTcp(line) ? tcp : fixed, undefined];
      // Two bodies may be alike where what they begin from is not.
      const beginning = from === "from" ? [words.slice(2).join(" ")] : [];
      if (kind === "backend" && !leadsInside(name)) {
        [lines, servers] = [beginning, new Map()];
        backends.set(name, { lines, servers });
        continue;
      }
      if (kind === "defaults" && from === "from") {
        lines = beginning;
        defaults.set(name, lines);
        continue;
      }
    }
    if (servers !== undefined && words[0] === "server") {
      servers.set(words[1] as ServerName, words.slice(1).join(" "));
    } else lines.push(line);
  }
  const joined = (section: readonly string[]) => section.join("\n");
  return {
    fixed: joined(fixed),
    tcp: tcpPartOf(tcp),
    resolvers: joined(resolvers),
    backends: new Map(
      [...backends].map(([name, section]) =>
        [name, { body: joined(section.lines), servers: section.servers }] as const
      ),
    ),
    defaults: new Map([...defaults].map(([name, section]) => [name, joined(section)] as const)),
  };
}

/** What a config has for TCP. */
export const readTcp = (config: string): TcpPart => parseConfig(config).tcp;
