import type { Command } from "commander";
import { type Setting, SETTINGS } from "../../core/settings/settings.ts";
import { wrongUsage } from "../failure.ts";
import type { Terminal } from "../terminal.ts";

type Described = {
  readonly name: string;
  readonly help: string;
  readonly flags: readonly Flag[];
  /** What may stand after the command without a flag. */
  readonly argument: Value;
};
type Flag = { readonly name: string; readonly help: string; readonly value: Value | undefined };
/** What a shell offers: words, files, folders, hosts and containers, or nothing. */
type Value = readonly string[] | "file" | "folder" | "subject" | "any";

/** Prints completions for a shell, made from the commands themselves and the table of settings. */
export async function completions(shell: string, program: Command, terminal: Terminal): Promise<number> {
  const commands = program.commands.map(describe);
  const scripts: Readonly<Record<string, (commands: readonly Described[]) => string>> = { bash, zsh, fish };
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (script === undefined) throw wrongUsage(`cannot complete for "${shell}", expected bash, zsh or fish`);
  await terminal.out(script(commands));
  return 0;
}

/** What the commands take that have an argument. */
const ARGUMENTS: Readonly<Record<string, Value>> = {
  check: "file",
  explain: "subject",
  completions: ["bash", "zsh", "fish"],
};

function describe(command: Command): Described {
  const choices = new Map((Object.values(SETTINGS) as Setting[]).map((each) => [each.flag, each.choices]));
  const flags = command.options.filter(({ hidden }) => !hidden).map((option): Flag => ({
    name: option.long ?? option.short ?? "",
    help: option.description.replace(/ \(default:.*$/, ""),
    value: option.required
      ? choices.get((option.long ?? "").slice(2)) ?? option.argChoices ??
        kindOf(/<(.*)>/.exec(option.flags)?.[1] ?? "")
      : undefined,
  }));
  flags.push({ name: "--help", help: "print this help", value: undefined });
  const name = command.name();
  return { name, help: command.description(), flags, argument: ARGUMENTS[name] ?? "any" };
}

/** The kind of a value, by its placeholder in the help. */
function kindOf(argument: string): Value {
  if (argument === "DIR") return "folder";
  return argument === "PATH" || argument === "FILE" ? "file" : "any";
}

/** The command that lists hosts and containers; the shell adds the words between the command and the cursor. */
const SUBJECTS = "signalbox explain --subjects";

function bash(commands: readonly Described[]): string {
  const offer = (value: Value) =>
    value === "file"
      ? "kind=files"
      : value === "folder"
      ? "kind=folders"
      : value === "subject"
      ? `words="$(_signalbox_subjects)"`
      : value === "any"
      ? "words="
      : `words="${value.join(" ")}"`;
  const values = commands.flatMap(({ name, flags }) =>
    flags.filter(({ value }) => value !== undefined).map((flag) =>
      `    "${name} ${flag.name}") ${offer(flag.value ?? "any")} ;;`
    )
  );
  const rest = commands.map(({ name, flags, argument }) =>
    `    ${name}) if [[ $word == -* ]]; then words="${flags.map((flag) => flag.name).join(" ")}"; else ${
      offer(argument)
    }; fi ;;`
  );
  return `# signalbox completions for bash: source <(signalbox completions bash)
_signalbox_subjects() {
  # From the line itself: bash takes = and : for words of their own.
  local line="\${COMP_LINE:0:COMP_POINT}"
  local -a given
  read -ra given <<< "$line"
  [[ $line == *[[:space:]] ]] || unset "given[-1]"
  given=("\${given[@]:2}")
  ${SUBJECTS} "\${given[@]}" 2>/dev/null
}
_signalbox() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" kind=words words= found
  # Bash takes the sign of --flag=value for a word of its own.
  if [[ $word == = ]]; then word=
  elif [[ $before == = ]]; then before="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  if [[ $COMP_CWORD -eq 1 ]]; then
    words="${commands.map((command) => command.name).join(" ")} --help --version"
  else case "\${COMP_WORDS[1]} $before" in
${values.join("\n")}
    *) case "\${COMP_WORDS[1]}" in
${rest.map((line) => `  ${line}`).join("\n")}
    esac ;;
  esac; fi
  COMPREPLY=()
  local -a how=(-W "$words")
  if [[ $kind == files ]]; then how=(-f); elif [[ $kind == folders ]]; then how=(-d); fi
  [[ $kind == words ]] || compopt -o filenames 2>/dev/null
  while IFS= read -r found; do COMPREPLY+=("$found"); done < <(compgen "\${how[@]}" -- "$word")
}
complete -F _signalbox signalbox
`;
}

const inSingleQuotes = (text: string): string => text.replaceAll("'", "'\\''");

function zsh(commands: readonly Described[]): string {
  const inBrackets = (text: string) => inSingleQuotes(text).replace(/[[\]:]/g, (mark) => `\\${mark}`);
  const action = (value: Value) =>
    value === "file"
      ? "_files"
      : value === "folder"
      ? "_files -/"
      : value === "subject"
      ? "_signalbox_subjects"
      : value === "any"
      ? " "
      : `(${value.join(" ")})`;
  const flag = ({ name, help, value }: Flag) =>
    `        '${name}${value === undefined ? "" : "="}[${inBrackets(help)}]${
      value === undefined ? "" : `:value:${action(value)}`
    }'`;
  const cases = commands.map(({ name, flags, argument }) =>
    `    ${name})\n      _arguments \\\n${
      // Where an unknown argument is possible, zsh inserts no flag by itself.
      [...flags.map(flag), ...(argument === "any" ? [] : [`        '1:argument:${action(argument)}'`])].join(
        " \\\n",
      )}\n      ;;`
  );
  return `#compdef signalbox
# signalbox completions for zsh: source <(signalbox completions zsh)
_signalbox_subjects() {
  local -a found
  found=(\${(f)"$(${SUBJECTS} \${(Q)words[2,CURRENT-1]} 2>/dev/null)"})
  compadd -a found
}
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
  const offer = (value: Value) =>
    value === "file"
      ? "-r -F"
      : value === "folder"
      ? "-x -a '(__fish_complete_directories)'"
      : value === "subject"
      ? `-x -a '(${SUBJECTS} (commandline -opc)[3..] 2>/dev/null)'`
      : value === "any"
      ? "-x"
      : `-x -a '${value.join(" ")}'`;
  const lines = commands.flatMap(({ name, help, flags, argument }) => {
    const isHere = `complete -c signalbox -n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c signalbox -n __fish_use_subcommand -f -a ${name} -d '${inSingleQuotes(help)}'`,
      `${isHere} ${offer(argument).replace("-x", "-f")}`,
      ...flags.map((flag) =>
        `${isHere} -l ${flag.name.slice(2)} ${flag.value === undefined ? "-f" : offer(flag.value)} -d '${
          inSingleQuotes(flag.help)
        }'`
      ),
    ];
  });
  return `# signalbox completions for fish: signalbox completions fish | source\n${lines.join("\n")}\n`;
}
