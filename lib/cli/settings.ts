import type { Command } from "commander";
import { type GivenFlags, readSettings } from "../core/read_settings.ts";
import { type CommandName, type Setting, SETTINGS, type Settings } from "../core/settings.ts";
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

/** Reads a command's settings from its flags and the environment; throws a Failure with code 2 for the first that is wrong. */
export function settingsOf(options: Record<string, unknown>, terminal: Terminal): Settings {
  const given: Record<string, readonly string[] | undefined> = {};
  for (const setting of Object.values(SETTINGS) as Setting[]) {
    if (setting.flag === undefined) continue;
    const value = options[camelCase(setting.flag)];
    if (value === true) given[setting.flag] = ["true"];
    else if (Array.isArray(value)) given[setting.flag] = value as string[];
  }
  const { settings, problems } = readSettings(given as GivenFlags, readEnvironment(terminal));
  if (problems[0] !== undefined) throw wrongUsage(problems[0]);
  return settings;
}

function readEnvironment(terminal: Terminal): Record<string, string | undefined> {
  const names = Object.values(SETTINGS).flatMap((setting) => setting.env);
  return Object.fromEntries(names.map((name) => [name, terminal.env(name)]));
}

function camelCase(flag: string): string {
  return flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
