import { messageOf } from "../core/values/message_of.ts";
import { Command, CommanderError, Option } from "commander";
import { SORTS } from "../core/status/live_rows.ts";
import type { CommandName } from "../core/settings/settings.ts";
import { VERSION } from "../version.ts";
import { Failure } from "./failure.ts";
import { onOneLine } from "../core/values/notice.ts";
import { addSettingFlags } from "./settings.ts";
import { jsonDocument, type Terminal } from "./terminal.ts";
import { withAdvice } from "./usage_advice.ts";

type Options = Record<string, unknown>;

/** Runs the command line; answers with the exit code of the contract. */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = 0;
  // The parser does not wait for its output, which an immediate end of the program would cut off.
  let written = Promise.resolve();
  const out = (text: string) => written = written.then(() => terminal.out(text));
  const tellAsJson = (message: string) =>
    args.includes("--json") ? void out(jsonDocument({ error: message })) : undefined;
  const program = buildProgram({ ...terminal, out }, (code) => exitCode = code, args);
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    const isDone = error instanceof CommanderError && error.exitCode === 0;
    const unwritten = await written.then(() => undefined, (why) => why);
    const failure = isDone ? unwritten : error;
    if (failure === undefined) return 0;
    // The reader closed stdout (EPIPE): exit quietly.
    if (failure === unwritten && failure instanceof Deno.errors.BrokenPipe) return 1;
    const message = onOneLine(messageOf(failure).trim().replaceAll("\n", " "));
    if (failure instanceof CommanderError) {
      tellAsJson(adviseOn(message, args, program).replace(/^error: /, ""));
      await written.catch(() => undefined);
      return 2;
    }
    const isDebug = terminal.env("SIGNALBOX_LOG_LEVEL") === "debug" ||
      /--log-level[= ]debug/.test(args.join(" "));
    terminal.err(`error: ${message}`);
    tellAsJson(message);
    if (isDebug && failure instanceof Error && failure.stack !== undefined) terminal.err(failure.stack);
    await written.catch(() => undefined);
    return failure instanceof Failure ? failure.exitCode : 1;
  }
}

/**
 * The commands with their flags. Each loads its code when it is called, so that `--version` is quick. With arguments, only
 * the commands that they name get the flags of the settings: those of all commands take longer than the rest.
 */
export function buildProgram(
  terminal: Terminal,
  finish: (exitCode: number) => void,
  args?: readonly string[],
): Command {
  // Completions are made from every command's flags.
  const hasFlags = (name: string) => args?.includes(name) ?? true;
  const program = emptyProgram(terminal, args);
  const added: (readonly [command: Command, name: CommandName])[] = [];
  const add = (name: CommandName, description: string) => {
    const command = program.command(name).description(description).copyInheritedSettings(program);
    added.push([command, name]);
    return command;
  };

  add("run", "follow Docker and keep HAProxy in step (the main job)")
    .action(async (options: Options) =>
      finish(await (await import("./commands/run.ts")).run(options, terminal))
    );
  addComposeFlags(
    add("render", "print the haproxy.cfg for a snapshot, for compose files, or for Docker as it stands now"),
  )
    .option("--compose <FILE>", "the services of this file in place of containers (repeatable)", collect)
    .option("--output <PATH>", "write the files here (FOLDER/ or FILE) in place of standard output")
    .option("--validate", "check the config with haproxy -c")
    .option(
      "--diff <FILE>",
      "print what would change in FILE and the files beside it; exit code 4 if anything would",
    )
    .option("--strict", "exit code 3 if there were warnings")
    .option("--json", "print one JSON document")
    .action(async (options: Options) =>
      finish(await (await import("./commands/render.ts")).render(options, terminal))
    );
  addCheck(add("check", "say what the services of compose files would serve, and what is wrong with them"))
    .action(async (files: readonly string[], options: Options) =>
      finish(await (await import("./commands/check.ts")).check(files, options as never, terminal))
    );
  add("snapshot", "save Docker's containers now, as JSON for render and explain")
    .option("--output <FILE>", "write it here in place of standard output")
    .action(async (options: Options) =>
      finish(await (await import("./commands/snapshot.ts")).snapshot(options, terminal))
    );
  addExplain(
    add(
      "explain",
      "say for each container which hosts it serves and at which address, or why it serves none",
    ),
    terminal,
    finish,
  );
  addQuestions(add, terminal, finish);
  addTools(program, terminal, finish);
  // Behind the command's own options, which a reader looks for.
  for (const [command, name] of added) {
    if (hasFlags(name) || hasFlags("completions")) addSettingFlags(command.optionsGroup("Settings:"), name);
  }
  return program;
}

function addExplain(command: Command, terminal: Terminal, finish: (exitCode: number) => void): void {
  addComposeFlags(command)
    .argument("[HOST, CONTAINER or URL]", "only this one; of a URL, what becomes of a request for it")
    .option("--method <METHOD>", "the method of the request for a URL (default: GET)")
    .option("--header <TEXT>", "a header of the request for a URL, 'Name: value' (repeatable)", collect)
    .option("--from <ADDRESS>", "the address of the client that asks for a URL")
    .option("--compose <FILE>", "the services of this file in place of containers (repeatable)", collect)
    .option("--json", "print one JSON document")
    // For the shells' completions, which pass the flags that the user has typed.
    .addOption(new Option("--subjects").hideHelp())
    .action(async (subject: string | undefined, options: Options) =>
      finish(
        options.subjects
          ? await (await import("./subjects.ts")).subjects(options, terminal)
          : await (await import("./commands/explain.ts")).explain(subject, options, terminal),
      )
    );
}

/** The commands that ask a running signalbox. */
function addQuestions(
  add: (name: CommandName, description: string) => Command,
  terminal: Terminal,
  finish: (exitCode: number) => void,
): void {
  const drawn = add("graph", "draw the routing: hosts, their paths, and the containers that answer")
    .addOption(
      new Option("--format <FORMAT>", "what it is drawn as").choices(["mermaid", "dot", "svg"]).default(
        "mermaid",
      ),
    )
    .option("--compose <FILE>", "the services of this file in place of containers (repeatable)", collect);
  addComposeFlags(drawn)
    .action(async (options: Options) =>
      finish(await (await import("./commands/graph.ts")).graph(options as never, terminal))
    );
  add("status", "show what a running signalbox does now")
    .option("--json", "print one JSON document")
    .action(async (options: Options) =>
      finish(await (await import("./commands/status.ts")).status(options, terminal))
    );
  add("events", "say what happened: changes, reloads, troubles, of this signalbox and those before it")
    .option("--since <TIME>", "only since then: 90s, 10m, 2h, 3d ago, or a date")
    .option("--json", "print one JSON document")
    .action(async (options: Options) =>
      finish(await (await import("./commands/events.ts")).events(options, terminal))
    );
  addTop(add("top", "watch routes, requests, errors and times in the terminal, as they are now"))
    .action(async (options: Options) =>
      finish(await (await import("./commands/top.ts")).top(options, terminal))
    );
  add("doctor", "check Docker, HAProxy, ports, certificates and permissions before the first run")
    .option("--json", "print one JSON document")
    .action(async (options: Options) =>
      finish(await (await import("./commands/doctor.ts")).doctor(options, terminal))
    );
}

/** The commands that need no settings. */
function addTools(program: Command, terminal: Terminal, finish: (exitCode: number) => void): void {
  program.command("password").description("make a hash for basic_auth from a password on standard input")
    .copyInheritedSettings(program)
    .argument("[USER]", "print user:hash")
    .action(async (user: string | undefined) =>
      finish(await (await import("./commands/password.ts")).password(user, terminal))
    );
  program.command("completions").description("print shell completions").copyInheritedSettings(program)
    .argument("<bash|zsh|fish>", "the shell")
    .action(async (shell: string) =>
      finish(await (await import("./commands/completions.ts")).completions(shell, program, terminal))
    );
}

const addCheck = (command: Command): Command =>
  addComposeFlags(command)
    .argument(
      "[FILE...]",
      "compose files, the later ones over the earlier (default: as docker compose finds them)",
    )
    .addOption(
      new Option("--format <FORMAT>", "how to say it")
        .choices(["text", "json", "github", "gitlab", "markdown"]).default("text"),
    )
    .option(
      "--against <SNAPSHOT>",
      "say what would change of this snapshot, or of Docker now (running); exit code 4",
    )
    .option("--strict", "exit code 3 if there were warnings");

const addTop = (command: Command): Command =>
  command
    .option("--once", "print it once, as it does where standard output is no terminal")
    .addOption(new Option("--sort <COLUMN>", "what routes are sorted by").choices(SORTS).default("requests"))
    .option(
      "--filter <WORDS>",
      "only routes with these words in their host, containers, images, labels or states",
    )
    .option("--interval <SECONDS>", "how often the screen is drawn at most (default: 1)")
    .option("--json", "print one JSON document");

const collect = (text: string, before?: readonly string[]) => [...(before ?? []), text];

/** The flags of a command that reads compose files. */
function addComposeFlags(command: Command): Command {
  return command
    .option("--env-file <FILE>", "variables for compose files, in place of .env (repeatable)", collect)
    .option("--swarm", "compose files are a stack for docker stack deploy: labels under deploy count")
    .option("--profile <NAME>", "a profile of compose files that counts (repeatable)", collect)
    .option(
      "--project-name <NAME>",
      "the project's name, in place of the one of compose files or their folder",
    );
}

const adviseOn = (message: string, args: readonly string[], { commands }: Command): string =>
  withAdvice(message, args, commands.map((command) => command.name()));

function emptyProgram(terminal: Terminal, args: readonly string[] = []): Command {
  const program: Command = new Command("signalbox");
  return program
    .description(
      "Keeps HAProxy in step with Docker: routes by the labels of containers, without losing a request.",
    )
    .version(VERSION, "--version", "print the version")
    .helpOption("-h, --help", "print this help")
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal.out(text),
      writeErr: (text) => terminal.err(text.trimEnd()),
      // An error is one line, including its suggestion.
      outputError: (text, write) =>
        write(adviseOn(onOneLine(text.trim().replaceAll("\n", " ")), args, program)),
    })
    .helpCommand(false);
}
