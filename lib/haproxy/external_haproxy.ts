import { messageOf } from "../core/values/message_of.ts";
import type { Capabilities } from "../core/plan/capabilities.ts";
import type { Remains } from "../core/plan/read_back.ts";
import type { Desired } from "../core/config/render.ts";
import type { ReportedServer, Survey } from "../core/state/survey.ts";
import type { HaproxyStatus } from "../core/status/status.ts";
import { TimeLimit } from "../clock.ts";
import type { Clock, HaproxyControl, Outcome, Reporter } from "../ports.ts";
import { leaveLostFolder } from "./process/working_folder.ts";
import { checkConfig } from "./process/program.ts";
import { copyFiles, fillFolder } from "./files/safe_files.ts";

/** How long a reload command may take, in milliseconds. */
const RELOAD_LIMIT_MS = 60_000;
/** How long signalbox waits for the command's last output once it has ended, in milliseconds. */
const PIPE_LIMIT_MS = 100;
/** How much of the command's last output is reported, in characters. */
const LONGEST_WORDS = 300;

/** How signalbox reaches an HAProxy that others run. */
export type ExternalSettings = {
  /** haproxy for checks; `undefined` where this machine has none, so that there are no checks. */
  readonly program: string | undefined;
  readonly config: string;
  readonly reloadCommand: string;
  readonly env: Readonly<Record<string, string>>;
};

/** An HAProxy that somebody else runs: signalbox writes the files where it reads them, and runs a command that reloads it. */
export class ExternalHaproxy implements HaproxyControl {
  constructor(readonly settings: ExternalSettings, readonly clock: Clock, readonly report: Reporter) {}

  follow(): void {
    // signalbox learns nothing of what happens to it.
  }

  async check(desired: Desired): Promise<Outcome> {
    const { program, env } = this.settings;
    if (program === undefined) return { kind: "applied" };
    const folder = await Deno.makeTempDir({ prefix: "signalbox-check-" }).catch(() => undefined);
    if (folder === undefined) {
      const detail =
        "cannot make a temporary folder, expected $TMPDIR, or /tmp, to be one that can be written";
      return { kind: "rejected", stage: "write", detail };
    }
    try {
      await fillFolder(folder, desired);
      const result = await checkConfig(program, [`${folder}/haproxy.cfg`], env);
      if (result.isValid) return { kind: "applied" };
      return {
        kind: "rejected",
        stage: "check",
        detail: result.messages.join("; ").replaceAll(`${folder}/`, ""),
      };
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }

  async load(desired: Desired, _states: unknown, signal: AbortSignal): Promise<Outcome> {
    const { config, reloadCommand } = this.settings;
    const checked = await this.check(desired);
    if (checked.kind === "rejected") return checked;
    try {
      copyFiles(desired, config, "folders");
    } catch (error) {
      const why = messageOf(error);
      return { kind: "rejected", stage: "write", detail: `cannot write ${config}: ${why}` };
    }
    return await this.#reload(reloadCommand, signal);
  }

  startLast(): Promise<boolean> {
    return Promise.resolve(true);
  }

  /** It takes no commands from signalbox: every change is a reload. */
  readonly capabilities: Capabilities = { canAddServers: false, canAddBackends: false, canSetStates: false };

  describe(): Promise<HaproxyStatus> {
    const unknown = { version: undefined, pid: undefined, uptimeSeconds: undefined };
    return Promise.resolve({
      isServing: true,
      ...unknown,
      oldWorkers: 0,
      oldestWorkerSeconds: 0,
      failures: 0,
    });
  }

  reportServers(): Promise<readonly ReportedServer[]> {
    return Promise.resolve([]);
  }

  survey(): Promise<Survey | undefined> {
    return Promise.resolve(undefined);
  }

  findRemains(): Promise<Remains | string | undefined> {
    return Promise.resolve(undefined);
  }

  loadedConfig(): Promise<string | undefined> {
    return Promise.resolve(undefined);
  }

  keep(desired: Desired, states: unknown, signal: AbortSignal): Promise<Outcome> {
    return this.load(desired, states, signal);
  }

  keepStates(): Promise<void> {
    return Promise.resolve();
  }

  expectCommands(): void {
    // No commands will follow.
  }

  /** signalbox sends no commands to an external HAProxy. */
  send(commands: readonly string[]): Promise<readonly string[]> {
    return Promise.resolve(commands.map(() => ""));
  }

  leave(): void {
    // signalbox does not manage its process.
  }

  async stop(): Promise<void> {
    // It goes on: its owner ends it.
  }

  async #reload(command: string, signal: AbortSignal): Promise<Outcome> {
    using limit = new TimeLimit(this.clock, RELOAD_LIMIT_MS);
    leaveLostFolder();
    const child = new Deno.Command("sh", {
      args: ["-c", command],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      // A group of its own, so that what the command started ends with it.
      detached: true,
    }).spawn();
    const end = () => killGroup(child.pid);
    const ending = AbortSignal.any([limit.signal, signal]);
    ending.addEventListener("abort", end);
    // The signal may have come while the config was checked.
    if (ending.aborted) end();
    let said = "";
    const drained = drain(child.stderr, (part) => said = (said + part).slice(-LONGEST_WORDS));
    const { success, code } = await child.status;
    ending.removeEventListener("abort", end);
    if (success) return { kind: "applied" };
    // A process that the command left running may keep the pipe open.
    await Promise.race([drained, this.clock.sleep(PIPE_LIMIT_MS)]);
    const how = limit.signal.aborted
      ? `did not end within ${RELOAD_LIMIT_MS / 1_000} s`
      : `ended with ${code}`;
    const words = said.trim() === "" ? "" : `: ${said.trim()}`;
    return { kind: "rejected", stage: "load", detail: `"${command}" ${how}${words}` };
  }
}

async function drain(pipe: ReadableStream<Uint8Array>, onText: (text: string) => void): Promise<void> {
  for await (const text of pipe.pipeThrough(new TextDecoderStream())) onText(text);
}

function killGroup(pid: number): void {
  try {
    Deno.kill(-pid, "SIGTERM");
  } catch {
    // It ended in this moment.
  }
}
