import type { Command } from "commander";
import { wrongUsage } from "./failure.ts";
import type { Terminal } from "./terminal.ts";

type Described = { readonly name: string; readonly help: string; readonly flags: readonly Flag[] };
type Flag = { readonly name: string; readonly help: string; readonly takesValue: boolean };

/** Prints completions for a shell, made from the commands themselves. */
export async function completions(shell: string, program: Command, terminal: Terminal): Promise<number> {
  const commands = program.commands.map(describe);
  const scripts: Readonly<Record<string, (commands: readonly Described[]) => string>> = { bash, zsh, fish };
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (script === undefined) throw wrongUsage(`cannot complete for "${shell}", expected bash, zsh or fish`);
  await terminal.out(script(commands));
  return 0;
}

function describe(command: Command): Described {
  const flags = command.options.map((option) => ({
    name: option.long ?? option.short ?? "",
    help: option.description.replace(/ \(default:.*$/, ""),
    takesValue: option.required,
  }));
  return { name: command.name(), help: command.description(), flags };
}

function bash(commands: readonly Described[]): string {
  const cases = commands.map(({ name, flags }) =>
    `    ${name}) words="${flags.map((flag) => flag.name).join(" ")} --help" ;;`
  );
  return `# signalbox completions for bash: source <(signalbox completions bash)
_signalbox() {
  local word="\${COMP_WORDS[COMP_CWORD]}" words
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
    *) words="${commands.map((command) => command.name).join(" ")} --help --version" ;;
  esac
  if [ "$COMP_CWORD" -gt 1 ] && [[ "$word" != -* ]]; then
    COMPREPLY=($(compgen -f -- "$word"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$word"))
  fi
}
complete -o filenames -F _signalbox signalbox
`;
}

const inSingleQuotes = (text: string): string => text.replaceAll("'", "'\\''");

function zsh(commands: readonly Described[]): string {
  const inBrackets = (text: string) => inSingleQuotes(text).replace(/[[\]:]/g, (mark) => `\\${mark}`);
  const flags = ({ flags }: Described) =>
    flags.map((flag) =>
      `        '${flag.name}[${inBrackets(flag.help)}]${flag.takesValue ? ":value:_files" : ""}'`
    ).join(" \\\n");
  const cases = commands.map((command) =>
    `    ${command.name})\n      _arguments \\\n${
      [flags(command), "        '*:file:_files'"].filter(Boolean).join(" \\\n")
    }\n      ;;`
  );
  return `#compdef signalbox
# signalbox completions for zsh: source <(signalbox completions zsh)
_signalbox() {
  local -a commands
  commands=(
${commands.map(({ name, help }) => `    '${name}:${inSingleQuotes(help)}'`).join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command="$words[2]"
  shift words
  (( CURRENT-- ))
  case "$command" in
${cases.join("\n")}
  esac
}
compdef _signalbox signalbox
`;
}

function fish(commands: readonly Described[]): string {
  const lines = commands.flatMap(({ name, help, flags }) => [
    `complete -c signalbox -n __fish_use_subcommand -f -a ${name} -d '${inSingleQuotes(help)}'`,
    ...flags.map((flag) =>
      `complete -c signalbox -n '__fish_seen_subcommand_from ${name}' -l ${flag.name.slice(2)}${
        flag.takesValue ? " -r" : ""
      } -d '${inSingleQuotes(flag.help)}'`
    ),
  ]);
  return `# signalbox completions for fish: signalbox completions fish | source\n${lines.join("\n")}\n`;
}
