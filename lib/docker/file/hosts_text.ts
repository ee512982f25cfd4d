import { parseDockerHost } from "../../core/settings/setting_values.ts";
import { expected, type Parsed, parsed, quote } from "../../core/values/notice.ts";
import type { EngineHost, TlsFiles, TlsSettings } from "../api/transport.ts";

/** The engines that a file names, and its lines that name none; or what is wrong with all of it. */
export type HostsRead =
  | { readonly ok: true; readonly hosts: readonly EngineHost[]; readonly mistakes: readonly LineMistake[] }
  | { readonly ok: false; readonly why: string };

/** A line that cannot be used, counted from 1. */
export type LineMistake = { readonly line: number; readonly why: string };

/** Bounds on one file: bytes of it, and engines in it. */
export const LONGEST_HOSTS_FILE = 262_144;
const MOST_ENGINES = 1_000;

/** What says that there are to be no engines: a file without any may be one that somebody is writing. */
const NONE = "none";
const NOTHING = `it names no engine, expected one a line, or the word "${NONE}" where there are to be none`;
const EXPECTED = "expected an engine's URL, with ca=FILE, cert=FILE and key=FILE behind it for TLS";

/** What lines do not say themselves. */
export type HostsContext = {
  /** Where relative paths begin. */
  readonly folder: string;
  /** How TLS is spoken to engines whose lines name no files. */
  readonly tls: TlsSettings;
  /** Engines that are named elsewhere. */
  readonly others: readonly string[];
};

/** Reads the text of a file of engines: a URL a line, with the files of its TLS, and comments behind `#`. */
export function decodeHosts(text: string, context: HostsContext): HostsRead {
  const hosts = new Map<string, EngineHost>();
  const mistakes: LineMistake[] = [];
  let saysNone = false;
  for (const [at, whole] of text.replace(/^\ufeff/, "").split("\n").entries()) {
    const words = whole.replace(/(?:^|\s)#.*$/, "").split(/\s+/).filter((word) => word !== "");
    if (words.length === 0) continue;
    if (words.length === 1 && words[0] === NONE) {
      saysNone = true;
      continue;
    }
    const host = readLine(words, context);
    const why = !host.ok
      ? host.expected
      : context.others.includes(host.value.url)
      ? `${quote(host.value.url)} is the engine of --docker-host, which is followed already`
      : hosts.has(host.value.url)
      ? `${quote(host.value.url)} stands further up too, where it counts`
      : hosts.size === MOST_ENGINES
      ? `it is one more than ${MOST_ENGINES} engines, expected fewer`
      : undefined;
    if (why !== undefined) mistakes.push({ line: at + 1, why });
    else if (host.ok) hosts.set(host.value.url, host.value);
  }
  if (hosts.size === 0 && mistakes.length === 0 && !saysNone) return { ok: false, why: NOTHING };
  return { ok: true, hosts: [...hosts.values()], mistakes };
}

function readLine(words: readonly string[], context: HostsContext): Parsed<EngineHost> {
  const [url = "", ...rest] = words;
  const host = parseDockerHost(url);
  if (!host.ok) return expected(`${quote(url)} is no engine's URL, expected ${host.expected}`);
  const tls = readTls(rest, context);
  if (!tls.ok) return tls;
  if (tls.value === undefined) return parsed({ url, tls: context.tls });
  return /^(?:tcp|https):/.test(url)
    ? parsed({ url, tls: tls.value })
    : expected(`${quote(url)} has files of TLS behind it, expected them behind tcp:// or https:// alone`);
}

const FILES = ["ca", "cert", "key"] as const;

function readTls(words: readonly string[], { folder }: HostsContext): Parsed<TlsFiles | undefined> {
  const found = new Map<string, string>();
  for (const word of words) {
    const [, name = "", path = ""] = /^([a-z]+)=(.+)$/.exec(word) ?? [];
    if (!FILES.some((each) => each === name)) return expected(`${quote(word)} is unknown, ${EXPECTED}`);
    if (found.has(name)) return expected(`${name}= stands there twice, expected one file`);
    found.set(name, path.startsWith("/") ? path : `${folder}/${path}`);
  }
  const [ca, cert, key] = FILES.map((name) => found.get(name));
  if ((cert === undefined) !== (key === undefined)) {
    const [has, lacks] = cert === undefined ? ["key", "cert"] : ["cert", "key"];
    return expected(`${has}= stands there without ${lacks}=, expected both of the client's files`);
  }
  if (found.size === 0) return parsed(undefined);
  return parsed({ ca, client: cert === undefined || key === undefined ? undefined : { cert, key } });
}
