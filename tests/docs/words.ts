/** What is wrong with how documents call signalbox and scripts/dev, and with the labels that they name. */
import type { Command } from "commander";
import { buildProgram } from "../../lib/cli/program.ts";
import { systemTerminal } from "../../lib/cli/terminal.ts";
import { ROUTE_KEYS } from "../../lib/core/keys/route_keys.ts";
import { type Setting, SETTINGS } from "../../lib/core/settings/settings.ts";
import { blocksOf, linesOf, proseOf } from "./documents.ts";

const program = buildProgram(systemTerminal, () => {});

/** Each command of signalbox, with its flags. */
export const commands: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  program.commands.map((command) => [command.name(), flagsOf(command)]),
);

const everyFlag = new Set([...commands.values()].flatMap((flags) => [...flags]));
const everyVariable = new Set((Object.values(SETTINGS) as Setting[]).flatMap(({ env }) => env));
const everyLabel = new Set(
  Object.entries(ROUTE_KEYS).flatMap(([name, { label }]): string[] => [name, label]),
);
/** What a user gives to the tests, and what signalbox itself sets for HAProxy. */
const OTHER_VARIABLES = /^SIGNALBOX_(?:TEST_|FUZZ|CHAOS_|RUN$|NO_IPV6$|COOKIE_KEY$|LOCAL_PEER$)/;

function flagsOf(command: Command): ReadonlySet<string> {
  const help = command.helpInformation();
  return new Set([...help.matchAll(/^ +(?:-\w, )?(--[a-z0-9-]+)/gm)].map((match) => match[1] ?? ""));
}

/** What a document tells people to run: lines of shell that are not wrong on purpose, what systemd starts, code in prose. */
export function codeOf(text: string): string[] {
  const lines = blocksOf(text).filter(({ words }) => !words.includes("wrong")).flatMap(({ language, body }) =>
    linesOf(body).filter((line) => language === "sh" || line.startsWith("ExecStart="))
  );
  return [...lines, ...[...proseOf(text).matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "")];
}

/** The single commands of a line of shell, without its comment, as words. */
function callsIn(line: string): string[][] {
  const shell = line.replace(/(?:^|\s)#.*$/, "");
  return shell.split(/\|\||&&|[|;()<>]/).map((part) => part.trim().split(/\s+/)).filter(([first]) =>
    first !== ""
  );
}

/** What is wrong with how a line calls signalbox or scripts/dev, or with a flag, label or variable in it. */
export function problemsOf(line: string, devUsage: string): string[] {
  return [...problemsOfCalls(line, devUsage), ...problemsOfLabels(line), ...problemsOfVariables(line)];
}

function problemsOfCalls(line: string, devUsage: string): string[] {
  return callsIn(line).flatMap((words) => {
    const at = words.findLastIndex((word) => /(?:^|[/=])signalbox$/.test(word));
    const [name = "", ...rest] = at < 0 ? [] : words.slice(at + 1);
    if (/^[a-z]+$/.test(name)) return problemsOfCall(name, rest, line);
    if (words[0] === "scripts/dev" && words[1] !== undefined) return problemsOfDev(words, devUsage, line);
    const isAlone = words[0]?.startsWith("--") === true;
    const flag = words[0]?.replace(/[=,].*$/, "") ?? "";
    return isAlone && !everyFlag.has(flag) && flag !== "--version" ? [`${line}: no command has ${flag}`] : [];
  });
}

function problemsOfCall(name: string, words: readonly string[], line: string): string[] {
  const flags = commands.get(name);
  if (flags === undefined) return [`${line}: there is no command ${name}`];
  const unknown = words.filter((word) => word.startsWith("--") && !flags.has(word));
  return unknown.map((word) => `${line}: ${name} has no ${word}`);
}

function problemsOfDev([, name = "", ...words]: readonly string[], usage: string, line: string): string[] {
  const described = usage.split("\n").find((each) => each.trim().startsWith(`scripts/dev ${name}`));
  if (described === undefined) return [`${line}: scripts/dev has no ${name}`];
  const unknown = words.filter((word) => word.startsWith("--") && !usage.includes(word.replace(/=.*$/, "")));
  return unknown.map((word) => `${line}: scripts/dev ${name} has no ${word}`);
}

/** `interlock.KEY`, `interlock.KEY.N` and `interlock.NAME.KEY`; what stands in capitals is a word for any of them. */
function problemsOfLabels(line: string): string[] {
  const labels = [...line.matchAll(/\binterlock\.([\w.-]+)/g)].map((match) => match[1] ?? "");
  const isKnown = (label: string) => {
    const parts = label.split(".").filter((part) => !/^(?:[0-9]+|N)$/.test(part));
    const last = parts.at(-1) ?? "";
    // The last one is for nodes of a Swarm.
    return everyLabel.has(last) || ["KEY", "md", "enable", "peer"].includes(last);
  };
  return labels.filter((label) => !isKnown(label)).map((label) =>
    `${line}: there is no label interlock.${label}`
  );
}

function problemsOfVariables(line: string): string[] {
  const names = [...line.matchAll(/\b(?:SIGNALBOX|HAPROXY|DOCKER)_[A-Z_]*[A-Z]\b/g)].map(([name]) => name);
  return names.filter((name) => !everyVariable.has(name) && !OTHER_VARIABLES.test(name))
    .map((name) => `${line}: there is no variable ${name}`);
}
