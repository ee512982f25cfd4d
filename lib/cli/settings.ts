import type { Command } from "commander";
import { asEnvironment, beneath, type GivenFlags, readSettings } from "../core/settings/read_settings.ts";
import { type CommandName, type Setting, SETTINGS, type Settings } from "../core/settings/settings.ts";
import { wrongUsage } from "./failure.ts";
import type { Terminal } from "./terminal.ts";

/** Adds the flags of a command's settings, as the table has them. */
export function addSettingFlags(command: Command, name: CommandName): Command {
  for (const setting of Object.values(SETTINGS) as Setting[]) {
    if (setting.flag === undefined || !setting.commands.includes(name)) continue;
    const syntax = setting.argument === undefined
      ? `--${setting.flag}`
      : `--${setting.flag} <${setting.argument}>`;
    const help = `${setting.help} (default: ${setting.defaultText}; env: ${setting.env.join(", ")})`;
    if (setting.argument === undefined) command.option(syntax, help);
    else command.option(syntax, help, (text: string, before?: string[]) => [...(before ?? []), text]);
  }
  return command;
}

/**
 * Reads a command's settings: from its flags, else the environment, else the `inherited` environment. Throws a Failure with
 * code 2 for the first wrong one.
 */
export function settingsOf(
  options: Record<string, unknown>,
  terminal: Terminal,
  inherited: Readonly<Record<string, string>> = {},
): Settings {
  const env = beneath(readEnvironment(terminal), inherited);
  const { settings, problems } = readSettings(flagsOf(options), env);
  if (problems[0] !== undefined) throw wrongUsage(problems[0]);
  return { ...settings, acmeStorage: settings.acmeStorage ?? defaultStorage(terminal.env) };
}

/** Where fetched certificates outlive a boot (XDG Base Directory Specification); `undefined` where no place is known. */
export function defaultStorage(env: Terminal["env"], isRoot = Deno.uid() === 0): string | undefined {
  if (isRoot) return "/var/lib/signalbox";
  const [state, home] = [env("XDG_STATE_HOME"), env("HOME")];
  if (state?.startsWith("/")) return `${state}/signalbox`;
  return home === undefined || home === "" ? undefined : `${home}/.local/state/signalbox`;
}

/** The given settings of a command, as environment variables. */
export const givenAsEnvironment = (
  options: Record<string, unknown>,
  terminal: Terminal,
  command: CommandName,
): Record<string, string> => asEnvironment(flagsOf(options), readEnvironment(terminal), command);

function flagsOf(options: Record<string, unknown>): GivenFlags {
  const given: Record<string, readonly string[] | undefined> = {};
  for (const setting of Object.values(SETTINGS) as Setting[]) {
    if (setting.flag === undefined) continue;
    const value = options[camelCase(setting.flag)];
    if (value === true) given[setting.flag] = ["true"];
    else if (Array.isArray(value)) given[setting.flag] = value as string[];
  }
  return given;
}

function readEnvironment(terminal: Terminal): Record<string, string | undefined> {
  const names = Object.values(SETTINGS).flatMap((setting) => setting.env);
  return Object.fromEntries(names.map((name) => [name, terminal.env(name)]));
}

function camelCase(flag: string): string {
  return flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
