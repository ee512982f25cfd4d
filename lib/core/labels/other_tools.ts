import type { OtherTool } from "../snapshot/snapshot.ts";
import { parseHost, parsePortText } from "../values/names.ts";

/** A tool that routes to containers by words which no dialect of ours reads. */
type Tool = {
  readonly name: OtherTool["name"];
  readonly source: OtherTool["source"];
  /** Its words, by the way that their names begin. */
  readonly word: RegExp;
  /** Those that tell a host, and what stands in front of it in their texts. */
  readonly host: RegExp;
  readonly beforeHost: RegExp;
  /** Those that tell a port, and what stands in front of it. */
  readonly port: RegExp;
  readonly beforePort: RegExp;
  /** The word by which it leaves a container out, where its text is `false`. */
  readonly enable?: string;
};

const TOOLS: readonly Tool[] = [
  {
    name: "Traefik",
    source: "label",
    word: /^traefik[.]/i,
    host: /^traefik[.](?:http[.]routers[.][^.]+[.]rule|(?:[^.]+[.])?frontend[.]rule)$/i,
    beforeHost: /\bHost(?:\(\s*[`"']|:\s*)/,
    port: /^traefik[.](?:http[.]services[.][^.]+[.]loadbalancer[.]server[.]port|(?:[^.]+[.])?port)$/i,
    beforePort: /^/,
    enable: "traefik.enable",
  },
  {
    name: "caddy-docker-proxy",
    source: "label",
    word: /^caddy(?:_[0-9]+)?(?:[.]|$)/i,
    host: /^caddy(?:_[0-9]+)?$/i,
    beforeHost: /^\s*(?:https?:\/\/)?/,
    port: /^caddy(?:_[0-9]+)?[.](?:[^.]+[.])*(?:[0-9]+_)?reverse_proxy$/i,
    beforePort: /upstreams\s+(?:https?\s+)?/,
  },
  {
    name: "nginx-proxy",
    source: "variable",
    word: /^VIRTUAL_HOST$/,
    host: /^VIRTUAL_HOST$/,
    beforeHost: /^\s*/,
    port: /^VIRTUAL_PORT$/,
    beforePort: /^/,
  },
  {
    name: "another prefix",
    source: "label",
    word: /^(?:(?:com|io|net|org|dev)[.](?:docker[.])?(?:interlock|signalbox)|signalbox)[.]/i,
    host: /[.](?:hostname|hosts?(?:[.][0-9]+)?)$/i,
    beforeHost: /^\s*/,
    port: /[.]port$/i,
    beforePort: /^/,
  },
];

/** Labels of such tools that are looked at, of one container, and characters of a text. */
const MOST_WORDS = 64;
const LONGEST_TEXT = 1_024;

/** Variables of other tools that are looked at. */
export const OTHER_VARIABLES: readonly string[] = ["VIRTUAL_HOST", "VIRTUAL_PORT"];

/** Most labels begin otherwise. */
const MAY_BE = /^(?:traefik|caddy|(?:(?:com|io|net|org|dev)[.](?:docker[.])?)?(?:interlock|signalbox))/i;

type Word = readonly [name: string, text: string];

/**
 * The tool that a container speaks to where it says nothing to us: what its words are, and the host and port that they name;
 * `undefined` where no such tool is known, or where it is told to leave the container out.
 */
export function otherToolOf(
  labels: Readonly<Record<string, unknown>>,
  env: readonly unknown[],
): OtherTool | undefined {
  const all: Word[] = [];
  for (const label in labels) {
    if (!MAY_BE.test(label) || !TOOLS.some(({ word }) => word.test(label))) continue;
    if (all.push([label, String(labels[label])]) >= MOST_WORDS) break;
  }
  const variables = variablesOf(env);
  if (all.length === 0 && variables.length === 0) return undefined;
  all.sort(([a], [b]) => a < b ? -1 : 1);
  for (const tool of TOOLS) {
    const found = readTool(tool, tool.source === "label" ? all : variables);
    if (found !== undefined) return found;
  }
  return undefined;
}

function variablesOf(env: readonly unknown[]): Word[] {
  const words: Word[] = [];
  for (const entry of env) {
    if (typeof entry !== "string" || !entry.startsWith("VIRTUAL_")) continue;
    const [name = ""] = entry.split("=", 1);
    if (OTHER_VARIABLES.includes(name)) words.unshift([name, entry.slice(name.length + 1)]);
  }
  return words;
}

function readTool(tool: Tool, words: readonly Word[]): OtherTool | undefined {
  const own = words.filter(([name]) => tool.word.test(name));
  if (own.length === 0 || own.some(([name, text]) => name === tool.enable && text === "false")) {
    return undefined;
  }
  const ofHost = own.find(([name, text]) => tool.host.test(name) && text !== "");
  const host = parseHost(valueBehind(tool.beforeHost, ofHost?.[1], /^[^`"',;:/\s)|]+/));
  const ofPort = words.find(([name]) => tool.port.test(name));
  const port = parsePortText(valueBehind(tool.beforePort, ofPort?.[1], /^[0-9]+/));
  const [word = ""] = ofHost ?? own[0] ?? [];
  return {
    name: tool.name,
    source: tool.source,
    word,
    ...host.ok && { host: host.value },
    ...port.ok && { port: port.value },
  };
}

function valueBehind(before: RegExp, text: string | undefined, value: RegExp): string {
  const start = text?.slice(0, LONGEST_TEXT) ?? "";
  const found = before.exec(start);
  return found === null ? "" : value.exec(start.slice(found.index + found[0].length))?.[0] ?? "";
}
